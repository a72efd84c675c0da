// What every job store must do.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobStore, JobStoreOptions, Lease } from '../../../harness/serve/jobs/types.js';

const ERROR = { code: 'internal', message: 'something broke', where: 'worker' };
const bytes = (...values: number[]) => Uint8Array.from(values);
/** More than a part of the tables holds. */
const large = (seed: number) => new Uint8Array(2 ** 22 + 5).fill(seed).fill(seed + 1, 2 ** 22);

/** Runs the suite; `open` gives another connection to one store, `wipe` empties it. */
export function conforms(
  open: (options?: JobStoreOptions) => Promise<JobStore>,
  wipe: () => Promise<void>,
): void {
  let store: JobStore;
  const held: JobStore[] = [];
  const another = async (options?: JobStoreOptions) => {
    const one = await open(options);
    held.push(one);
    return one;
  };
  beforeEach(async () => {
    await wipe();
    store = await another({ lease: 60_000, backoff: 0 });
  });
  afterEach(async () => {
    for (const one of held.splice(0)) await one.close();
  });
  const create = async (name: string) =>
    (await store.create({ spec: { name }, inputs: new Map([['content', bytes(1, 2)]]) })).job;
  const claim = async (from = store, worker = 'w'): Promise<Lease> => {
    const claimed = await from.claim(worker);
    if (!claimed) throw new Error('nothing to claim');
    return claimed.lease;
  };

  describe('a job', () => {
    it('is kept with its pictures, taken once, and done', async () => {
      const inputs = new Map([
        ['content', large(1)],
        ['style:0', bytes(3)],
      ]);
      const { job, fresh } = await store.create({ spec: { size: 64 }, inputs });
      expect(fresh).toBe(true);
      expect(job).toMatchObject({ state: 'queued', attempt: 0, spec: { size: 64 }, step: 0, error: null });
      expect(Math.abs(job.created - Date.now())).toBeLessThan(60_000);
      const taken = (await store.claim('one'))!;
      expect(taken.job).toMatchObject({ id: job.id, state: 'running', attempt: 1, worker: 'one' });
      expect(await store.claim('two')).toBeUndefined();
      const found = await store.inputs(taken.lease);
      expect([...found.keys()].sort()).toEqual(['content', 'style:0']);
      expect(Buffer.compare(found.get('content')!, large(1))).toBe(0);
      expect(await store.beat(taken.lease, { step: 3, total: 9 })).toBe('held');
      expect(await store.find(job.id)).toMatchObject({ step: 3, total: 9 });
      expect(await store.result(job.id)).toBeUndefined();
      expect(await store.complete(taken.lease, bytes(9, 8), { width: 2 })).toBe(true);
      const done = (await store.find(job.id))!;
      expect(done).toMatchObject({ state: 'done', facts: { width: 2 }, step: 9, worker: null });
      expect(done.finished).toBeGreaterThanOrEqual(done.started!);
      expect([...(await store.result(job.id))!]).toEqual([9, 8]);
      expect((await store.inputs(taken.lease)).size).toBe(0);
    });

    it('is the same for the same key, however often it is handed in', async () => {
      const hand = (from: JobStore) => from.create({ spec: null, inputs: new Map(), key: 'k' });
      const two = await another();
      const made = await Promise.all([hand(store), hand(two), hand(store), hand(two)]);
      expect(new Set(made.map(({ job }) => job.id)).size).toBe(1);
      expect(made.filter(({ fresh }) => fresh)).toHaveLength(1);
      expect((await store.counts()).queued).toBe(1);
    });

    it('is not found where there is none', async () => {
      const id = '00000000-0000-4000-8000-000000000000';
      expect(await store.find(id)).toBeUndefined();
      expect(await store.cancel(id)).toBeUndefined();
      expect(await store.result(id)).toBeUndefined();
      expect(await store.remove(id)).toBe(false);
    });

    it('is removed with its result when it is finished, not before', async () => {
      const { id } = await create('a');
      expect(await store.remove(id)).toBe(false);
      await store.complete(await claim(), bytes(1), null);
      expect(await store.remove(id)).toBe(true);
      expect(await store.find(id)).toBeUndefined();
      expect(await store.result(id)).toBeUndefined();
    });

    it('goes when the retention is over', async () => {
      const { id } = await create('a');
      await store.complete(await claim(), bytes(1), null);
      const brief = await another({ retention: 1 });
      await sleep(20);
      await brief.sweep();
      expect(await store.find(id)).toBeUndefined();
    });
  });

  describe('the queue', () => {
    it('is served in the order of arrival, listed newest first, in pages', async () => {
      const ids = [];
      for (const name of ['a', 'b', 'c']) ids.push((await create(name)).id);
      expect((await store.list()).map(({ id }) => id)).toEqual([...ids].reverse());
      const [newest] = await store.list({ limit: 1 });
      expect((await store.list({ before: newest!.id })).map(({ id }) => id)).toEqual([ids[1], ids[0]]);
      for (const id of ids) expect((await claim()).id).toBe(id);
      expect(await store.counts()).toEqual({ queued: 0, running: 3, done: 0, failed: 0, cancelled: 0 });
    });

    it('gives a job that comes back before those that nobody has begun', async () => {
      const [first, second] = [await create('a'), await create('b')];
      await store.release(await claim());
      expect((await claim()).id).toBe(first.id);
      await create('c');
      expect((await claim()).id).toBe(second.id);
    });

    it('gives each job to one of several workers', async () => {
      const stores = [store, await another(), await another()];
      const ids = await Promise.all(Array.from({ length: 12 }, (_, i) => create(`${i}`)));
      const taken = await Promise.all(
        Array.from({ length: 18 }, (_, i) => stores[i % 3]!.claim(`worker ${i % 3}`)),
      );
      const got = taken.flatMap((claimed) => (claimed ? [claimed.lease.id] : []));
      expect(got.sort()).toEqual(ids.map(({ id }) => id).sort());
    });
  });

  describe('a checkpoint', () => {
    it('replaces the one before, and is what the next attempt goes on from', async () => {
      const { id } = await create('a');
      const first = await claim();
      expect(await store.latest(first)).toBeUndefined();
      await store.checkpoint(first, bytes(1), { step: 1, total: 9 });
      await store.checkpoint(first, large(5), { step: 2, total: 9 });
      expect(await store.find(id)).toMatchObject({ checkpointStep: 2, step: 2 });
      expect(await store.release(first)).toBe(true);
      expect(await store.find(id)).toMatchObject({ state: 'queued', tries: 0, worker: null });
      const second = await claim(await another(), 'other');
      expect(second).toEqual({ id, attempt: 2 });
      expect(Buffer.compare((await store.latest(second))!, large(5))).toBe(0);
    });

    it('of a worker that lost its lease is not kept', async () => {
      const { id } = await create('a');
      const brief = await another({ lease: 1, backoff: 0 });
      const old = await claim(brief);
      await brief.checkpoint(old, bytes(1), { step: 1, total: 9 });
      await sleep(20);
      const fresh = await claim(await another({ lease: 60_000, backoff: 0 }));
      expect(await brief.checkpoint(old, bytes(2), { step: 2, total: 9 })).toBe(false);
      expect([...(await store.latest(fresh))!]).toEqual([1]);
      expect(await store.find(id)).toMatchObject({ checkpointStep: 1, attempt: 2 });
    });
  });

  describe('a lease', () => {
    it('that is lost changes nothing: the result appears once', async () => {
      const { id } = await create('a');
      const old = await claim(await another({ lease: 1, backoff: 0 }), 'slow');
      await sleep(20);
      const fresh = await claim(store, 'quick');
      expect(fresh).toEqual({ id, attempt: 2 });
      expect(await store.beat(old, { step: 5, total: 9 })).toBe('lost');
      expect(await store.complete(old, bytes(1), null)).toBe(false);
      expect(await store.fail(old, ERROR, { retry: true })).toBe(false);
      expect(await store.release(old)).toBe(false);
      expect(await store.cancelled(old)).toBe(false);
      expect(await store.find(id)).toMatchObject({ state: 'running', worker: 'quick', step: 0 });
      expect(await store.complete(fresh, bytes(2), null)).toBe(true);
      expect(await store.complete(fresh, bytes(3), null)).toBe(false);
      expect([...(await store.result(id))!]).toEqual([2]);
    });

    it('is held by heart-beats', async () => {
      const { id } = await create('a');
      const brief = await another({ lease: 300, backoff: 0 });
      const lease = await claim(brief);
      for (let i = 0; i < 6; i++) {
        await sleep(80);
        expect(await brief.beat(lease, { step: i, total: 9 })).toBe('held');
        expect(await brief.claim('thief')).toBeUndefined();
      }
      expect(await store.find(id)).toMatchObject({ attempt: 1, state: 'running' });
    });
  });

  describe('a failure', () => {
    it('that cannot be mended is final, and takes the pictures with it', async () => {
      const { id } = await create('a');
      const lease = await claim();
      expect(await store.fail(lease, ERROR, { retry: false })).toBe(true);
      expect(await store.find(id)).toMatchObject({ state: 'failed', error: ERROR });
      expect((await store.inputs(lease)).size).toBe(0);
      expect(await store.claim('w')).toBeUndefined();
    });

    it('is tried again up to a limit, which a checkpoint sets back', async () => {
      const few = await another({ maxTries: 2, backoff: 0, lease: 60_000 });
      const { id } = await create('a');
      await few.fail(await claim(few), ERROR, { retry: true });
      const lease = await claim(few);
      await few.checkpoint(lease, bytes(1), { step: 1, total: 2 });
      await few.fail(lease, ERROR, { retry: true });
      expect(await few.find(id)).toMatchObject({ state: 'queued', tries: 1, attempt: 2 });
      await few.fail(await claim(few), ERROR, { retry: true });
      expect(await few.find(id)).toMatchObject({
        state: 'failed',
        error: { code: 'internal', message: '2 attempts without progress, the last one: something broke' },
      });
    });

    it('makes the next attempt wait', async () => {
      const patient = await another({ backoff: 60_000, lease: 60_000 });
      const { id } = await create('a');
      await patient.fail(await claim(patient), ERROR, { retry: true });
      expect(await patient.claim('w')).toBeUndefined();
      expect(await patient.find(id)).toMatchObject({ state: 'queued' });
    });

    it('of a silent worker gives its job to another, and ends in a word on it', async () => {
      const { id } = await create('a');
      const brief = await another({ lease: 1, backoff: 0, maxTries: 2 });
      for (let i = 0; i < 2; i++) {
        await claim(brief, 'silent');
        await sleep(20);
      }
      expect(await brief.claim('w')).toBeUndefined();
      const failed = await brief.find(id);
      expect(failed).toMatchObject({ state: 'failed', error: { code: 'worker_lost' } });
      expect(failed!.error!.message).toContain('worker silent fell silent');
    });
  });

  describe('cancelling', () => {
    it('ends a job that waits at once', async () => {
      const { id } = await create('a');
      expect(await store.cancel(id)).toMatchObject({ state: 'cancelled' });
      expect(await store.claim('w')).toBeUndefined();
      expect(await store.cancel(id)).toMatchObject({ state: 'cancelled' });
    });

    it('tells the worker of a running one, which ends it', async () => {
      const { id } = await create('a');
      const lease = await claim();
      expect(await store.cancel(id)).toMatchObject({ state: 'running' });
      expect(await store.beat(lease, { step: 1, total: 2 })).toBe('cancel');
      expect(await store.cancelled(lease)).toBe(true);
      expect(await store.find(id)).toMatchObject({ state: 'cancelled' });
    });

    it('ends a job whose worker fell silent or gave it back', async () => {
      const { id } = await create('a');
      await claim(await another({ lease: 1 }));
      await store.cancel(id);
      await sleep(20);
      await store.sweep();
      expect(await store.find(id)).toMatchObject({ state: 'cancelled' });
      const other = await create('b');
      const lease = await claim();
      await store.cancel(other.id);
      await store.release(lease);
      expect(await store.find(other.id)).toMatchObject({ state: 'cancelled' });
    });
  });

  it('two connections that open a new store at once both find it', async () => {
    const both = await Promise.all([another(), another()]);
    const { job } = await both[0]!.create({ spec: 1, inputs: new Map() });
    expect(await both[1]!.find(job.id)).toMatchObject({ spec: 1 });
  });
}
