// The face verbs of the service: pictures in, answers out, each alone on the GPU while it computes.
import { InputError } from '../../src/base/errors.js';
import { checkName } from '../../src/faces/gallery/checks.js';
import { DECISION_RULES } from '../../src/faces/gallery/rank.js';
import type { GalleryStore } from '../../src/faces/gallery/store.js';
import type { CollectionFacts, PersonFacts } from '../../src/faces/gallery/types.js';
import type { QualityLevel } from '../../src/faces/gate.js';
import { judgementOf } from '../../src/faces/judgement.js';
import type { FindOptions, FoundFace } from '../../src/faces/read.js';
import type { Audit, Deed, Done } from '../node/audit.js';
import { openOrCreate, refusals, sampleOfFace } from '../node/faces/enrol.js';
import {
  type Comparison,
  checkContract,
  collectionNamed,
  compareFaces,
  type NamedFace,
  nameFaces,
  needCollectionNamed,
} from '../node/faces/judgement.js';
import { readPicture } from '../node/pictures.js';
import { type Asker, FaceNets, FIND } from './face-nets.js';
import type { Gpu } from './gpu.js';

/** A picture with the name that messages have for it. */
export interface NamedPicture {
  readonly where: string;
  readonly bytes: Uint8Array;
}

/** What became of one picture that was to be enrolled. */
export interface Enrolled {
  readonly status: 'enrolled' | 'duplicate' | 'refused';
  readonly id?: string;
  /** Under which name the crop is there already, where that is another. */
  readonly known?: string;
  readonly reasons?: readonly string[];
}

/** Finds, compares, enrols and names faces. Owns the gallery's connection and the nets on the device. */
export class FaceDesk {
  private gallery: Promise<GalleryStore> | undefined;
  private readonly nets: FaceNets;

  constructor(
    gpu: Gpu,
    private readonly openGallery: () => Promise<GalleryStore>,
    private readonly audit: Audit,
  ) {
    this.nets = new FaceNets(gpu);
  }

  /** The faces of a picture: boxes, landmarks, quality. */
  async detect(picture: NamedPicture, find: FindOptions, asker: Asker): Promise<readonly FoundFace[]> {
    const image = await readPicture(picture.bytes, { where: picture.where });
    return this.nets.run('resnet34', asker, async (session) => {
      const { faces } = await session.look(image, picture.where, find);
      return faces.flatMap(({ found }) => (found ? [found] : []));
    });
  }

  /** Whether two pictures show one person. */
  async verify(
    pictures: readonly [NamedPicture, NamedPicture],
    options: { net?: string | undefined; collection?: string | undefined; threshold?: number | undefined },
    asker: Asker,
  ): Promise<Comparison & { readonly net: string }> {
    const { collection, threshold } = options;
    return this.audited({ action: 'verify', collection }, asker, async () => {
      const facts =
        collection === undefined
          ? undefined
          : await this.told((store) => needCollectionNamed(store, collection));
      const net = options.net ?? facts?.contract.net ?? 'resnet34';
      const models = await this.nets.models(net);
      if (facts) checkContract(facts, models);
      const judgement = judgementOf(models.pipeline.embedder, 'verify', facts, threshold);
      const embeddings: Float32Array[] = [];
      for (const { where, bytes } of pictures) {
        const image = await readPicture(bytes, { where });
        embeddings.push(
          await this.nets.run(net, asker, async (session) => {
            const { faces } = await session.look(image, where, FIND);
            if (faces.length === 0) throw noFaceIn(where, image);
            return (await session.embed([faces[0]!.chip]))[0]!;
          }),
        );
      }
      return { result: { ...compareFaces(embeddings[0]!, embeddings[1]!, judgement), net } };
    });
  }

  /** Adds pictures of one person to a collection, which is made where it is missing. */
  async enroll(
    pictures: readonly NamedPicture[],
    options: { name: string; collection: string; net?: string | undefined; quality: QualityLevel },
    asker: Asker,
  ): Promise<{
    readonly person: string;
    readonly collection: string;
    readonly pictures: readonly Enrolled[];
  }> {
    const person = checkName(options.name, 'person');
    const name = checkName(options.collection, 'collection');
    return this.audited({ action: 'enroll', collection: name, people: [person] }, asker, async () => {
      const known = await this.told((store) => collectionNamed(store, name));
      const net = options.net ?? known?.contract.net ?? 'resnet34';
      const models = await this.nets.models(net);
      if (known) await this.told((store) => store.openCollection(name, models.contract));
      const ready: (Enrolled | Awaited<ReturnType<typeof sampleOfFace>>)[] = [];
      for (const { where, bytes } of pictures) {
        const image = await readPicture(bytes, { where });
        ready.push(
          await this.nets.run(net, asker, async (session) => {
            const seen = await session.look(image, where, { ...FIND, search: 'thorough' });
            if (seen.faces.length === 0) return { status: 'refused', reasons: ['no face was found'] };
            const reasons = refusals(seen, options.quality, false);
            if (reasons.length > 0) return { status: 'refused', reasons };
            const { chip, found } = seen.faces[0]!;
            const [embedding] = await session.embed([chip]);
            return sampleOfFace({
              person,
              chip,
              found,
              embedding: embedding!,
              // A client's path is none of ours, and may tell more than it should.
              source: `upload ${asker.client}`,
              keepCrop: false,
            });
          }),
        );
      }
      const samples = ready.flatMap((one) => ('embedding' in one ? [one] : []));
      const outcomes =
        samples.length === 0
          ? []
          : await this.told(async (store) =>
              (await openOrCreate(store, name, models.contract)).enroll(samples),
            );
      let next = 0;
      const reports = ready.map((one): Enrolled => {
        if (!('embedding' in one)) return one;
        const { status, id, person: as } = outcomes[next++]!;
        return { status, id, ...(as === person ? {} : { known: as }) };
      });
      const enrolled = reports.filter(({ status }) => status === 'enrolled').length;
      return { result: { person, collection: name, pictures: reports }, samples: enrolled };
    });
  }

  /** Who is in a picture. */
  async identify(
    picture: NamedPicture,
    options: { collection: string; k: number; threshold?: number | undefined },
    asker: Asker,
  ): Promise<{
    readonly collection: string;
    readonly net: string;
    readonly threshold: number;
    readonly faces: readonly (NamedFace & Partial<FoundFace>)[];
  }> {
    const name = checkName(options.collection, 'collection');
    return this.audited({ action: 'identify', collection: name }, asker, async () => {
      const facts = await this.told((store) => needCollectionNamed(store, name));
      const { net } = facts.contract;
      const models = await this.nets.models(net);
      const judgement = judgementOf(models.pipeline.embedder, 'search', facts, options.threshold);
      const image = await readPicture(picture.bytes, { where: picture.where });
      const { seen, embeddings } = await this.nets.run(net, asker, async (session) => {
        const looked = await session.look(image, picture.where, { policy: 'all' });
        const chips = looked.faces.map(({ chip }) => chip);
        return { seen: looked, embeddings: chips.length === 0 ? [] : await session.embed(chips) };
      });
      const faces = await this.told(async (store) => {
        const collection = await store.openCollection(name, models.contract);
        const { threshold } = judgement;
        const asked = { rule: DECISION_RULES[0]!, k: options.k, threshold };
        return nameFaces(collection, seen.faces, embeddings, asked, judgement);
      });
      const people = faces.flatMap(({ person }) => (person === null ? [] : [person]));
      return { result: { collection: name, net, threshold: judgement.threshold, faces }, people };
    });
  }

  /** All collections. */
  async collections(): Promise<readonly CollectionFacts[]> {
    return this.told((store) => store.listCollections());
  }

  /** A page of a collection's people by name. */
  async people(
    collection: string,
    page: { after?: string | undefined; limit: number },
  ): Promise<{ readonly people: readonly PersonFacts[]; readonly next: string | null }> {
    const { after, limit } = page;
    return this.told(async (store) => {
      const facts = await needCollectionNamed(store, collection);
      const opened = await store.openCollection(facts.name);
      const { items, next } = await opened.people(after === undefined ? { limit } : { after, limit });
      return { people: items, next: next ?? null };
    });
  }

  /** Gives a person another name. */
  async rename(collection: string, from: string, to: string, merge: boolean, asker: Asker) {
    return this.audited({ action: 'rename', collection, people: [from, to] }, asker, async () => {
      const outcome = await this.told(async (store) => {
        const facts = await needCollectionNamed(store, collection);
        return (await store.openCollection(facts.name)).rename(from, to, { merge });
      });
      return { result: outcome, samples: outcome.samples };
    });
  }

  /** Removes a person with every trace that the gallery controls. */
  async remove(collection: string, person: string, asker: Asker): Promise<{ readonly samples: number }> {
    return this.audited({ action: 'remove', collection, people: [person] }, asker, async () => {
      const samples = await this.told(async (store) => {
        const facts = await needCollectionNamed(store, collection);
        return (await store.openCollection(facts.name)).removePerson(person);
      });
      return { result: { samples }, samples };
    });
  }

  /** Opens the gallery; InputError where it cannot be. */
  async ready(): Promise<void> {
    this.gallery ??= this.openGallery();
    await this.gallery;
  }

  /** Puts nets and gallery away. */
  async close(): Promise<void> {
    await this.nets.release();
    const gallery = await this.gallery?.catch(() => undefined);
    this.gallery = undefined;
    await gallery?.close();
  }

  /** A call to the gallery; its place is not the client's business. */
  private async told<T>(call: (store: GalleryStore) => Promise<T>): Promise<T> {
    this.gallery ??= this.openGallery();
    let store: GalleryStore;
    try {
      store = await this.gallery;
    } catch (error) {
      this.gallery = undefined;
      throw error;
    }
    try {
      return await call(store);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(error.message.replaceAll(store.location, 'gallery'), { cause: error.cause });
    }
  }

  private audited<T>(
    deed: Deed,
    { client }: Asker,
    work: () => Promise<Done & { readonly result: T }>,
  ): Promise<T> {
    return this.audit.around(deed, client, work);
  }
}

function noFaceIn(where: string, { width, height }: { width: number; height: number }): InputError {
  return new InputError(`${where}: no face was found in ${width}x${height} px`);
}
