// Runs and their checkpoints in an IndexedDB of the page's origin, so that a reload loses nothing.
import type { RunPhase } from '../../../../src/style/manifest.js';
import type { Settings } from './settings.js';

/** A picture that a run was made from. */
export interface KeptPicture {
  readonly file: Blob;
  readonly name: string;
}

/** A run without its checkpoints. */
export interface KeptRun {
  readonly id: string;
  readonly updated: number;
  readonly content: KeptPicture;
  readonly styles: readonly (KeptPicture & { readonly share: number })[];
  readonly settings: Settings;
  readonly phases: readonly RunPhase[];
  readonly step: number;
  readonly total: number;
  readonly finished: boolean;
  readonly thumb: Blob | undefined;
}

export interface KeptCheckpoint {
  readonly run: string;
  readonly step: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly thumb: Blob | undefined;
}

const NAME = 'facet-runs';
/** Checkpoints kept of one run: the latest, with gaps that grow into the past. */
const KEPT_CHECKPOINTS = 8;

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('runs', { keyPath: 'id' });
      request.result.createObjectStore('checkpoints', { keyPath: ['run', 'step'] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function transact<T>(
  mode: IDBTransactionMode,
  work: (runs: IDBObjectStore, checkpoints: IDBObjectStore) => IDBRequest<T> | undefined,
): Promise<T | undefined> {
  const transaction = (await database()).transaction(['runs', 'checkpoints'], mode);
  return new Promise((resolve, reject) => {
    const request = work(transaction.objectStore('runs'), transaction.objectStore('checkpoints'));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** All runs, the latest first. */
export async function listRuns(): Promise<KeptRun[]> {
  const all = (await transact('readonly', (runs) => runs.getAll() as IDBRequest<KeptRun[]>)) ?? [];
  return all.sort((a, b) => b.updated - a.updated);
}

export async function saveRun(run: KeptRun): Promise<void> {
  await transact('readwrite', (runs) => void runs.put(run));
}

/** Removes a run with its checkpoints. */
export async function removeRun(id: string): Promise<void> {
  await transact('readwrite', (runs, checkpoints) => {
    runs.delete(id);
    checkpoints.delete(IDBKeyRange.bound([id], [id, []]));
    return undefined;
  });
}

/** The checkpoints of a run, by step. */
export async function listCheckpoints(run: string): Promise<KeptCheckpoint[]> {
  const range = IDBKeyRange.bound([run], [run, []]);
  return (
    (await transact(
      'readonly',
      (_runs, checkpoints) => checkpoints.getAll(range) as IDBRequest<KeptCheckpoint[]>,
    )) ?? []
  );
}

/** Keeps a checkpoint, thins out those before it, and drops those behind it, which a change has made void. */
export async function saveCheckpoint(checkpoint: KeptCheckpoint): Promise<KeptCheckpoint[]> {
  const before = (await listCheckpoints(checkpoint.run)).filter(({ step }) => step < checkpoint.step);
  const kept = thinned([...before, checkpoint]);
  await transact('readwrite', (_runs, checkpoints) => {
    checkpoints.delete(IDBKeyRange.bound([checkpoint.run], [checkpoint.run, []]));
    for (const one of kept) checkpoints.put(one);
    return undefined;
  });
  return kept;
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
