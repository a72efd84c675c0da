// Runs and their checkpoints in an IndexedDB of the page's origin, so that a reload loses nothing. Used by the worker:
// a checkpoint is several times as large as its picture, and the page would stand still while it is copied.
import { InputError } from '../../../../src/base/errors.js';
import type { RunPhase } from '../../../../src/style/manifest.js';
import { done, openDatabase, refused, transact } from '../../idb-requests.js';
import type { Settings } from './settings.js';

/** A picture that a run was made from. */
export interface KeptPicture {
  readonly file: Blob;
  readonly name: string;
}

export interface KeptStyle extends KeptPicture {
  readonly share: number;
  readonly mask?: KeptPicture | undefined;
}

/** A run without its checkpoints. */
export interface KeptRun {
  readonly id: string;
  readonly updated: number;
  readonly content: KeptPicture;
  readonly styles: readonly KeptStyle[];
  readonly contentMask?: KeptPicture | undefined;
  readonly initImage?: KeptPicture | undefined;
  readonly settings: Settings;
  readonly phases: readonly RunPhase[];
  readonly step: number;
  readonly total: number;
  readonly finished: boolean;
  readonly thumb: Blob | undefined;
}

/** A checkpoint without its bytes. */
export interface KeptCheckpoint {
  readonly run: string;
  readonly step: number;
  readonly thumb: Blob | undefined;
}

const NAME = 'facet-style-runs';
const RUNS = 'runs';
const CHECKPOINTS = 'checkpoints';
/** Bytes of the checkpoints, under the same keys [run, step]. */
const BYTES = 'bytes';
/** Checkpoints kept of one run: the latest, with gaps that grow into the past. */
const KEPT_CHECKPOINTS = 8;

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= openDatabase(indexedDB, NAME, (made) => {
    made.createObjectStore(RUNS, { keyPath: 'id' });
    made.createObjectStore(CHECKPOINTS, { keyPath: ['run', 'step'] });
    made.createObjectStore(BYTES);
  }).catch((error: unknown) => {
    // The next call may find it free again.
    opened = undefined;
    throw refused(NAME, error);
  });
  return opened;
}

async function inStore<T>(
  mode: IDBTransactionMode,
  work: (store: (name: string) => IDBObjectStore) => Promise<T>,
): Promise<T> {
  return transact(await database(), NAME, [RUNS, CHECKPOINTS, BYTES], mode, (transaction) =>
    work((name) => transaction.objectStore(name)),
  );
}

/** Every key [run, step] of a run: an array sorts behind all numbers. */
const ofRun = (run: string) => IDBKeyRange.bound([run], [run, []]);

/** All runs, the latest first. InputError where the browser keeps nothing, here and below. */
export async function listRuns(): Promise<KeptRun[]> {
  const all = await inStore('readonly', (store) => done<KeptRun[]>(store(RUNS).getAll()));
  return all.sort((a, b) => b.updated - a.updated);
}

/** Removes a run with its checkpoints. */
export async function removeRun(id: string): Promise<void> {
  await inStore('readwrite', async (store) => {
    await done(store(RUNS).delete(id));
    await done(store(CHECKPOINTS).delete(ofRun(id)));
    await done(store(BYTES).delete(ofRun(id)));
  });
}

/** The checkpoints of a run, by step. */
export function listCheckpoints(run: string): Promise<KeptCheckpoint[]> {
  return inStore('readonly', (store) => done<KeptCheckpoint[]>(store(CHECKPOINTS).getAll(ofRun(run))));
}

/** The bytes of a checkpoint. InputError where it is not kept any more. */
export async function checkpointBytes(run: string, step: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await inStore('readonly', (store) =>
    done<Uint8Array<ArrayBuffer> | undefined>(store(BYTES).get([run, step])),
  );
  if (!bytes) throw new InputError(`${NAME}: the checkpoint of step ${step} is not kept any more`);
  return bytes;
}

/** Keeps a run with a checkpoint of it, thins out those before, and drops those behind, which a change has made void. */
export async function saveCheckpoint(
  run: KeptRun,
  checkpoint: KeptCheckpoint,
  bytes: Uint8Array,
): Promise<KeptCheckpoint[]> {
  return inStore('readwrite', async (store) => {
    const all = await done<KeptCheckpoint[]>(store(CHECKPOINTS).getAll(ofRun(run.id)));
    const kept = thinned([...all.filter(({ step }) => step < checkpoint.step), checkpoint]);
    for (const { step } of all) {
      if (kept.some((one) => one.step === step)) continue;
      await done(store(CHECKPOINTS).delete([run.id, step]));
      await done(store(BYTES).delete([run.id, step]));
    }
    await done(store(RUNS).put(run));
    await done(store(CHECKPOINTS).put(checkpoint));
    await done(store(BYTES).put(bytes, [run.id, checkpoint.step]));
    return kept;
  });
}

/** Drops the one whose neighbours lie closest together, until there are few enough. */
export function thinned<T extends { readonly step: number }>(all: readonly T[]): T[] {
  const kept = [...all];
  while (kept.length > KEPT_CHECKPOINTS) {
    let closest = 1;
    for (let i = 2; i < kept.length - 1; i++) {
      const gap = (at: number) => kept[at + 1]!.step - kept[at - 1]!.step;
      if (gap(i) < gap(closest)) closest = i;
    }
    kept.splice(closest, 1);
  }
  return kept;
}
