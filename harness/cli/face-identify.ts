// `facet face identify`: who is in a picture.
import { Command } from 'commander';
import { GpuNearest } from '../../src/faces/gallery/gpu-nearest.js';
import { DECISION_RULES, type DecisionRule } from '../../src/faces/gallery/rank.js';
import type { Snapshot } from '../../src/faces/gallery/search.js';
import type { Done } from '../node/audit.js';
import { type NamedFace, nameFaces } from '../node/faces/judgement.js';
import { listPictures } from '../node/faces/picture-list.js';
import { oneOf, realNumber, wholeNumber } from './arguments.js';
import { type AuditArguments, audited, auditOption } from './audit.js';
import {
  collectionName,
  type DatabaseArguments,
  databaseOptions,
  type Judgement,
  judgementOf,
  needCollection,
  withStore,
} from './face-database.js';
import { checkDraw, drawTo } from './face-draw.js';
import {
  type FindArguments,
  findArguments,
  findOptions,
  type NetArguments,
  netOptions,
  print,
  printJson,
} from './face-options.js';
import { FaceSession, forPictures, modelsOf, type PictureFaces } from './face-session.js';

interface IdentifyArguments extends FindArguments, NetArguments, DatabaseArguments, AuditArguments {
  threshold?: number;
  rule: DecisionRule;
  k: number;
  draw?: string;
  force?: boolean;
  json?: boolean;
}

/** The sub-command `identify`. */
export function identifyCommand(): Command {
  const command = new Command('identify')
    .description('name the people in pictures, or say that they are unknown; exit code 1 where somebody is')
    .argument('<pictures...>', 'files, folders, or patterns as "photos/*.jpg"')
    .option('--threshold <d>', 'squared L2 below which it is that person', realNumber('--threshold'))
    .option(
      '--rule <rule>',
      `${DECISION_RULES.join(' | ')}: how a person's samples make one distance`,
      oneOf('--rule', DECISION_RULES),
      DECISION_RULES[0],
    )
    .option('-k <n>', 'how many candidates to name', wholeNumber('-k'), 5)
    .option('--draw <path>', 'draw boxes and names: a file for one picture, a folder for several')
    .option('--force', 'replace drawings that exist')
    .option('--json', 'print JSON');
  findOptions(command, 'all');
  netOptions(command, "the collection's");
  auditOption(databaseOptions(command));
  return command
    .addHelpText(
      'after',
      `
A probability is that of one pair of pictures; it is given with --rule best
only, and does not know how many people are enrolled. Of two faces in a picture
with one name the nearer has it, the other is unknown.
Examples:
  facet face identify party.jpg --draw named.jpg
  facet face identify door/ --json | jq`,
    )
    .action(async (paths: string[], args: IdentifyArguments) => {
      const deed = { action: 'identify', collection: collectionName(args) } as const;
      process.exitCode = await audited(args, deed, () => runIdentify(paths, args));
    });
}

async function runIdentify(paths: string[], args: IdentifyArguments): Promise<Done & { result: number }> {
  const pictures = await listPictures(paths);
  if (args.draw !== undefined) await checkDraw(args.draw, pictures, args);
  return withStore(args, async (store) => {
    const facts = await needCollection(store, args);
    const models = await modelsOf({ ...args, net: args.net ?? facts.contract.net });
    const collection = await store.openCollection(facts.name, models.contract);
    const judgement = judgementOf(models, 'search', facts, args.threshold);
    // One picture asks the store; many ask what was read of it once.
    const snapshot = pictures.length > FEW ? await collection.snapshot() : undefined;
    return FaceSession.run(models, args, findArguments(args, 'all'), async (session) => {
      const gpu = snapshot && onGpu(session, snapshot, pictures.length);
      const options = {
        rule: args.rule,
        k: args.k,
        threshold: judgement.threshold,
        ...(gpu ? { nearest: gpu.nearest } : {}),
      };
      const gallery = snapshot ?? collection;
      const outcome = await forPictures(pictures, async (picture) => {
        const seen = await session.chips(picture.path);
        const embeddings = await session.embed(seen.faces.map(({ chip }) => chip));
        const faces = await nameFaces(gallery, seen.faces, embeddings, options, judgement);
        if (args.draw !== undefined)
          await draw(args.draw, seen, faces, picture.relative, pictures.length, args);
        if (!args.json) for (const face of faces) print(describe(picture.path, face, judgement));
        return { path: picture.path, faces };
      });
      await gpu?.destroy();
      const unknown = outcome.results
        .flatMap(({ faces }) => faces)
        .filter(({ person }) => person === null).length;
      if (args.json) {
        printJson({
          collection: facts.name,
          net: session.contract.net,
          threshold: judgement.threshold,
          rule: args.rule,
          unknown,
          pictures: outcome.results,
          failures: outcome.failures,
        });
      }
      const people = outcome.results.flatMap(({ faces }) =>
        faces.flatMap(({ person }) => (person === null ? [] : [person])),
      );
      return { result: outcome.failed ? 2 : unknown > 0 ? 1 : 0, people: [...new Set(people)] };
    });
  });
}

/** Up to so many pictures ask the store itself. */
const FEW = 4;
/** Vectors from which a GPU beats the processor. */
const MANY = 20_000;
/** Vectors times pictures from which a software adapter, a little faster at each, has made up for its pipelines. */
const MANY_IN_SOFTWARE = 2_000_000;

function onGpu({ device }: FaceSession, { page }: Snapshot, pictures: number): GpuNearest | undefined {
  const { length } = page.ids;
  if (length < MANY || (device.target.cpu && length * pictures < MANY_IN_SOFTWARE)) return undefined;
  return GpuNearest.open(device, page.vectors);
}

function describe(path: string, { person, candidates, taken }: NamedFace, { threshold }: Judgement): string {
  const [nearest] = candidates;
  if (!nearest) return `${path}  unknown (nobody is enrolled)`;
  const distance = `squared L2 ${nearest.distance.toFixed(4)}, threshold ${threshold.toFixed(4)}`;
  const sure = nearest.probability === null ? '' : `, probability ${nearest.probability.toFixed(3)}`;
  return person === null
    ? `${path}  unknown (nearest ${nearest.person}: ${distance}${sure}${taken ? '; a nearer face of the picture has that name' : ''})`
    : `${path}  ${person}  (${distance}${sure})`;
}

async function draw(
  to: string,
  seen: PictureFaces,
  faces: readonly NamedFace[],
  relative: string,
  count: number,
  args: { force?: boolean },
): Promise<void> {
  const marks = seen.faces.flatMap(({ found }, i) => {
    if (!found) return [];
    const { person } = faces[i]!;
    return [
      {
        box: found.box,
        label: person ?? 'unknown',
        kind: person === null ? ('unknown' as const) : ('known' as const),
      },
    ];
  });
  await drawTo(to, seen.picture, marks, relative, count, args);
}
