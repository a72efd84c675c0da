// `facet face enroll`: pictures of people into a collection.
import { resolve } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { checkName } from '../../src/faces/gallery/checks.js';
import type { Collection } from '../../src/faces/gallery/collection.js';
import type { EnrollOutcome, NewSample } from '../../src/faces/gallery/types.js';
import { QUALITY_LEVELS, type QualityLevel } from '../../src/faces/gate.js';
import type { FoundFace } from '../../src/faces/read.js';
import type { Done } from '../node/audit.js';
import { openOrCreate, refusals, sampleOfFace } from '../node/faces/enrol.js';
import { type ListedPicture, listPictures } from '../node/faces/picture-list.js';
import { oneOf } from './arguments.js';
import { type AuditArguments, audited, auditOption } from './audit.js';
import {
  collectionName,
  type DatabaseArguments,
  databaseOptions,
  findCollection,
  type StoreToFill,
  withStoreToFill,
} from './face-database.js';
import {
  type FindArguments,
  findArguments,
  findOptions,
  type NetArguments,
  netOptions,
  ONE_FACE,
  print,
  printJson,
  warn,
} from './face-options.js';
import { FaceSession, modelsOf } from './face-session.js';

interface EnrollArguments extends FindArguments, NetArguments, DatabaseArguments, AuditArguments {
  name?: string;
  quality: QualityLevel;
  keepCrops?: boolean;
  json?: boolean;
}

/** Pictures that are embedded together and acknowledged together. */
const BATCH = 16;

/** What became of one picture. */
interface Report {
  readonly path: string;
  readonly person: string;
  readonly status: EnrollOutcome['status'] | 'refused';
  readonly id?: string;
  /** Under which name the crop is there already. */
  readonly known?: string;
  readonly reasons?: readonly string[];
}

/** The sub-command `enroll`. */
export function enrollCommand(): Command {
  const command = new Command('enroll')
    .description('add pictures of people to a collection')
    .argument(
      '<pictures...>',
      'files or patterns, or folders: each picture in a folder is of the person it is named after',
    )
    .option('--name <name>', 'the person that all pictures show')
    .option(
      '--quality <level>',
      `${QUALITY_LEVELS.join(' | ')}: what a picture must be like`,
      oneOf('--quality', QUALITY_LEVELS),
      'standard',
    )
    .option('--keep-crops', 'keep the aligned faces in the gallery too; pictures are never kept')
    .option('--json', 'print JSON');
  findOptions(command, 'the largest; several of about that size are refused', ONE_FACE);
  netOptions(command, "the collection's, resnet34 for a new one");
  auditOption(databaseOptions(command));
  return command
    .addHelpText(
      'after',
      `
Each line that says "enrolled" is on disk. A picture that is refused is told
with its reason; the exit code is 2 where nothing could be enrolled, a file that
was named itself was refused, or a picture is there under another name.
Examples:
  facet face enroll people/              people/Ada/1.jpg is a picture of Ada
  facet face enroll --name Ada ada-*.jpg --quality strict`,
    )
    .action(async (paths: string[], args: EnrollArguments) => {
      process.exitCode = await runEnroll(paths, args);
    });
}

async function runEnroll(paths: string[], args: EnrollArguments): Promise<number> {
  const pictures = await listPictures(paths);
  const nameless = pictures.find(({ named }) => named && args.name === undefined);
  if (nameless) {
    throw new InputError(
      `${nameless.path}: --name must tell whom a file shows; only in folders it is the folder's name`,
    );
  }
  if (args.name !== undefined) checkName(args.name, 'person');
  const name = collectionName(args);
  const people = [...new Set(pictures.map(({ folder }) => args.name ?? folder))];
  return audited(args, { action: 'enroll', collection: name, people }, () => enrollAll(pictures, name, args));
}

async function enrollAll(
  pictures: readonly ListedPicture[],
  name: string,
  args: EnrollArguments,
): Promise<Done & { result: number }> {
  return withStoreToFill(args, async (store) => {
    const known = store.existing && (await findCollection(store.existing, args));
    const models = await modelsOf({ ...args, net: args.net ?? known?.contract.net });
    // A collection of another net is refused before a picture is read.
    if (known) await store.existing?.openCollection(name, models.contract);
    // All input sizes, as `identify` searches: at the first one a second face of the picture may not be seen.
    const find = findArguments({ ...args, search: args.search ?? 'thorough' }, 'largest');
    return FaceSession.run(models, args, find, async (session) => {
      const enrolment = new Enrolment(session, store, name, args);
      try {
        for (let i = 0; i < pictures.length; i += BATCH) await enrolment.add(pictures.slice(i, i + BATCH));
      } finally {
        // Also where the store is lost on the way: what was acknowledged is there.
        enrolment.tell();
      }
      return { result: enrolment.exitCode(), samples: enrolment.counts().enrolled };
    });
  });
}

interface Ready {
  readonly picture: ListedPicture;
  readonly person: string;
  readonly chip: RgbImage;
  readonly found?: FoundFace;
}

/** Enrols batch by batch and reports. */
class Enrolment {
  private collection: Collection | undefined;
  private readonly reports: Report[] = [];
  /** Whether a picture that was named itself was refused, or one is there under another name. */
  private mustTell = false;

  constructor(
    private readonly session: FaceSession,
    private readonly store: StoreToFill,
    private readonly name: string,
    private readonly args: EnrollArguments,
  ) {}

  async add(pictures: readonly ListedPicture[]): Promise<void> {
    const ready: Ready[] = [];
    for (const picture of pictures) {
      const person = this.args.name ?? picture.folder;
      try {
        const face = await this.judged(picture);
        // As the gallery writes it: a folder's name may be in another of Unicode's forms.
        if (face) ready.push({ picture, person: checkName(person, 'person'), ...face });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        this.refuse(picture, person, [error.message]);
        warn(error.message);
      }
    }
    if (ready.length === 0) return;
    const embeddings = await this.session.embed(ready.map(({ chip }) => chip));
    const samples = await Promise.all(ready.map((face, i) => this.sample(face, embeddings[i]!)));
    const collection = await this.open();
    for (const [i, { status, id, person }] of (await collection.enroll(samples)).entries()) {
      const { path } = ready[i]!.picture;
      const mine = ready[i]!.person;
      this.reports.push({ path, person: mine, status, id, ...(person === mine ? {} : { known: person }) });
      if (person !== mine) {
        this.mustTell = true;
        warn(`${path}: was enrolled as ${person} before, sample ${id}; it is not enrolled as ${mine} too`);
      } else if (!this.args.json) {
        print(`${status === 'enrolled' ? `enrolled ${mine}` : 'there already'}  ${path}  ${id}`);
      }
    }
  }

  /** The last word: all reports as JSON, or their counts. */
  tell(): void {
    const counts = this.counts();
    const people = new Set(
      this.reports.filter(({ status }) => status !== 'refused').map(({ person, known }) => known ?? person),
    );
    if (this.args.json) {
      printJson({
        location: this.store.location,
        collection: this.name,
        net: this.session.contract.net,
        ...counts,
        people: people.size,
        pictures: this.reports,
      });
    } else {
      print(
        `${counts.enrolled} enrolled, ${counts.duplicate} there already, ${counts.refused} refused; ${people.size} people, collection ${this.name} in ${this.store.location}`,
      );
    }
  }

  exitCode(): number {
    const { enrolled, duplicate } = this.counts();
    return this.mustTell || enrolled + duplicate === 0 ? 2 : 0;
  }

  /** How many pictures came to what. */
  counts(): Record<Report['status'], number> {
    const counts = { enrolled: 0, duplicate: 0, refused: 0 };
    for (const { status } of this.reports) counts[status]++;
    return counts;
  }

  /** The face to enrol, undefined where the gate refused it. */
  private async judged(picture: ListedPicture): Promise<Pick<Ready, 'chip' | 'found'> | undefined> {
    const { path } = picture;
    const seen = await this.session.chips(path);
    // Who says which face counts has seen that there are several.
    const reasons = refusals(seen, this.args.quality, this.args.faces !== undefined);
    if (reasons.length === 0) return seen.faces[0]!;
    this.refuse(picture, this.args.name ?? picture.folder, reasons);
    warn(`${path}: refused: ${reasons.join('; ')}`);
    return undefined;
  }

  private refuse({ path, named }: ListedPicture, person: string, reasons: readonly string[]): void {
    this.reports.push({ path, person, status: 'refused', reasons });
    this.mustTell ||= named;
  }

  private sample({ picture, person, chip, found }: Ready, embedding: Float32Array): Promise<NewSample> {
    const keepCrop = this.args.keepCrops === true;
    return sampleOfFace({ person, chip, found, embedding, source: resolve(picture.path), keepCrop });
  }

  private async open(): Promise<Collection> {
    this.collection ??= await openOrCreate(await this.store.open(), this.name, this.session.contract);
    return this.collection;
  }
}
