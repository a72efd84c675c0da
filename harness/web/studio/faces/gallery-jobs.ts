// The gallery of this browser: what it holds, enrolling, changing, and files in and out.

import { InputError } from '../../../../src/base/errors.js';
import type { ImportOutcome } from '../../../../src/faces/gallery/store.js';
import type {
  CollectionFacts,
  EnrollOutcome,
  PersonFacts,
  QualityFacts,
} from '../../../../src/faces/gallery/types.js';
import { type Judgement, judgementOf } from '../../../../src/faces/judgement.js';
import { isSealed, seal, unseal } from '../../gallery/sealed.js';
import { fromPixels } from '../../pictures.js';
import { encodePng } from '../../png.js';
import { type Job, transferring } from '../../worker/messages.js';
import type { Pixels } from '../../worker/stylize-job.js';
import type { FaceHost, NetProgress } from './host.js';

/** A sample without its embedding. */
export interface ShownSample {
  readonly id: string;
  readonly person: string;
  readonly source: string;
  readonly time: string;
  /** A PNG, where the user kept it. */
  readonly crop: Uint8Array | null;
}

/** What the gallery holds. */
export interface Held {
  readonly collections: readonly CollectionFacts[];
  /** Of the collection that was asked for; empty where there is none of that name yet. */
  readonly people: readonly PersonFacts[];
  readonly samples: readonly ShownSample[];
  /** How pairs, and searches, are judged. */
  readonly verify: Judgement;
  readonly search: Judgement;
}

/** The job `faceGallery`. */
export function galleryJob(host: FaceHost): Job<{ collection: string }, NetProgress, never, Held> {
  return async ({ collection: name }, { emit }) => {
    const { pipeline } = await host.models((progress) => emit(progress));
    const collections = await host.gallery.listCollections();
    const facts = collections.find((one) => one.name === name);
    const judgements = {
      verify: judgementOf(pipeline.embedder, 'verify', facts),
      search: judgementOf(pipeline.embedder, 'search', facts),
    };
    if (!facts) return { collections, people: [], samples: [], ...judgements };
    const collection = await host.gallery.openCollection(name);
    const people: PersonFacts[] = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const page = await collection.people(after === undefined ? {} : { after });
      people.push(...page.items);
      after = page.next;
    }
    const samples: ShownSample[] = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const page = await collection.samples(after === undefined ? {} : { after });
      samples.push(
        ...page.items.map(({ id, person, source, time, crop }) => ({ id, person, source, time, crop })),
      );
      after = page.next;
    }
    return { collections, people, samples, ...judgements };
  };
}

export interface EnrollParams {
  readonly collection: string;
  readonly person: string;
  readonly source: string;
  readonly embedding: Float32Array;
  readonly cropHash: string;
  readonly quality: QualityFacts;
  /** Kept with the sample where the user asks for it. */
  readonly crop?: Pixels | undefined;
}

/** The job `faceEnroll`: one face. */
export function enrollJob(host: FaceHost): Job<EnrollParams, never, never, EnrollOutcome> {
  return async ({ collection: name, crop, ...sample }) => {
    const collection = await host.collection(name);
    const picture = crop && fromPixels(crop.pixels, crop.width, crop.height);
    const [outcome] = await collection.enroll([
      { ...sample, ...(picture ? { crop: await encodePng(picture) } : {}) },
    ]);
    return outcome!;
  };
}

export type Change =
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly merge: boolean }
  | { readonly kind: 'removePerson'; readonly person: string }
  | { readonly kind: 'removeSample'; readonly id: string }
  | { readonly kind: 'removeCollection' };

/** The job `faceChange`. InputError where the gallery refuses. */
export function changeJob(host: FaceHost): Job<{ collection: string; change: Change }, never, never, void> {
  return async ({ collection: name, change }) => {
    if (change.kind === 'removeCollection') return host.gallery.deleteCollection(name);
    const collection = await host.gallery.openCollection(name);
    switch (change.kind) {
      case 'rename':
        await collection.rename(change.from, change.to, { merge: change.merge });
        return;
      case 'removePerson':
        await collection.removePerson(change.person);
        return;
      case 'removeSample':
        await collection.removeSample(change.id);
    }
  };
}

/** The job `faceExport`: JSON Lines as Node writes them, encrypted where a passphrase is given. */
export function exportJob(
  host: FaceHost,
): Job<{ collection: string; passphrase?: string | undefined }, never, never, Uint8Array<ArrayBuffer>> {
  return async ({ collection: name, passphrase }) => {
    const collection = await host.gallery.openCollection(name);
    const lines: string[] = [];
    for await (const line of collection.exportLines()) lines.push(`${line}\n`);
    const plain = new Uint8Array(await new Blob(lines).arrayBuffer());
    const bytes = passphrase === undefined ? plain : await seal(plain, passphrase);
    return transferring(bytes, [bytes.buffer]);
  };
}

/** What became of a file: an import, or that its passphrase is needed. */
export type Imported = ImportOutcome | 'sealed';

/** The job `faceImport`: such a file into the collection of its name, all or nothing. */
export function importJob(
  host: FaceHost,
): Job<{ file: Blob; name: string; passphrase?: string | undefined }, never, never, Imported> {
  return async ({ file, name, passphrase }) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (isSealed(bytes) && passphrase === undefined) return 'sealed';
    const plain = isSealed(bytes) ? await unseal(bytes, passphrase!, name) : bytes;
    const lines = decoded(plain, name).split(/\r?\n/);
    return host.gallery.importLines(lines, name);
  };
}

function decoded(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new InputError(`${name}: is no text in UTF-8`, { cause: error });
  }
}
