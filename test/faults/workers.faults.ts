// Two workers on one PostgreSQL: killed at random moments, and the server restarted under them.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openJobDatabase } from '../../harness/serve/jobs/postgres-jobs.js';
import type { JobStore } from '../../harness/serve/jobs/types.js';
import { InputError } from '../../src/base/errors.js';
import { serverFolder, startDatabase, type TestDatabase } from '../serve/database.js';
import { png, spec, until } from '../serve/shared.js';
import { chance, Facet, quantile, tell } from './shared.js';

const JOBS = Number(process.env.FACET_FAULT_JOBS ?? 50);
const inputs = new Map([
  ['content', await png(32, 32, 1)],
  ['style:0', await png(32, 32, 2)],
]);

let database: TestDatabase;
let store: JobStore;
beforeAll(async () => {
  if (serverFolder() === undefined) return;
  database = await startDatabase();
  store = await openJobDatabase(database.url, { lease: 2000, backoff: 0, maxTries: 20 });
});
afterAll(async () => {
  await store?.close();
  await database?.stop();
});
const workers = () =>
  [0, 1].map(() =>
    new Facet(['worker', '--lease', '2', '--checkpoint-every', '0.2'], {
      FACET_DATABASE_URL: database.url,
    }).start(),
  );
/** A call that a restart of the server may interrupt. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof InputError) || tries > 100) throw error;
      await sleep(100);
    }
  }
}
async function check(ids: readonly string[]): Promise<{ attempts: number; expected: Uint8Array }> {
  const jobs = await Promise.all(ids.map((id) => store.find(id)));
  expect(jobs.map((job) => job?.state)).toEqual(ids.map(() => 'done'));
  const expected = (await store.result(ids[0]!))!;
  for (const id of ids) expect(Buffer.compare((await store.result(id))!, expected)).toBe(0);
  return { attempts: jobs.reduce((sum, job) => sum + job!.attempt, 0), expected };
}

it.skipIf(serverFolder() === undefined)(`${JOBS} jobs, workers killed at random moments`, async () => {
  const ids: string[] = [];
  for (let i = 0; i < JOBS; i++) ids.push((await store.create({ spec: spec(30), inputs })).job.id);
  const both = workers();
  const random = chance(2);
  const recoveries: number[] = [];
  let kills = 0;
  const start = performance.now();
  try {
    for (;;) {
      const { done } = await store.counts();
      if (done === JOBS) break;
      await sleep(1500 + 3000 * random());
      const victim = both[random() < 0.5 ? 0 : 1]!;
      const held = (await store.list({ limit: 200 })).find(({ worker }) =>
        worker?.endsWith(`:${victim.pid}`),
      );
      if (!held) continue;
      await victim.end('SIGKILL');
      kills++;
      const killed = performance.now();
      victim.start();
      // It may have been done just before.
      let now = held;
      await until(
        'its job at another',
        async () => {
          now = (await store.find(held.id))!;
          return now.state === 'done' || now.attempt > held.attempt;
        },
        120_000,
      );
      if (now.attempt > held.attempt) recoveries.push(performance.now() - killed);
    }
  } finally {
    for (const worker of both) await worker.end('SIGTERM');
  }
  const seconds = (performance.now() - start) / 1000;
  const { attempts } = await check(ids);
  expect(kills).toBeGreaterThan(2);
  tell({
    fault: 'worker killed (`kill -9`), two workers on one PostgreSQL',
    injected: kills,
    acknowledged: JOBS,
    lost: 0,
    duplicated: 0,
    result: `all with the same bits in ${seconds.toFixed(0)} s, ${attempts} attempts; the job goes on after ${(quantile(recoveries, 0.5) / 1000).toFixed(1)} s (median; lease 2 s), ${(Math.max(...recoveries) / 1000).toFixed(1)} s (longest)`,
  });
});

it.skipIf(serverFolder() === undefined)('PostgreSQL restarted under workers and clients', async () => {
  const both = workers();
  const ids: string[] = [];
  const restarts = 4;
  let refused = 0;
  try {
    const clients = (async () => {
      for (let i = 0; i < 16; i++) {
        const key = `restart ${i}`;
        for (;;) {
          try {
            ids.push((await store.create({ spec: spec(60), inputs, key })).job.id);
            break;
          } catch (error) {
            if (!(error instanceof InputError)) throw error;
            refused++;
            await sleep(200);
          }
        }
        await sleep(600);
      }
    })();
    for (let i = 0; i < restarts; i++) {
      await sleep(3000);
      await database.restart!(i % 2 === 0 ? 'immediate' : 'fast', 500 + 500 * i);
    }
    await clients;
    await until(
      'all done',
      async () => {
        await sleep(300);
        const jobs = await patiently(() => Promise.all(ids.map((id) => store.find(id))));
        return jobs.every((job) => job?.state === 'done');
      },
      240_000,
    );
  } finally {
    for (const worker of both) await worker.end('SIGTERM');
  }
  expect(new Set(ids).size).toBe(16);
  const { attempts } = await check(ids);
  tell({
    fault: 'PostgreSQL restarted (half of them with `immediate`, as a crash)',
    injected: restarts,
    acknowledged: ids.length,
    lost: 0,
    duplicated: 0,
    result: `all with the same bits, ${attempts} attempts; ${refused} requests refused meanwhile and sent again with their key`,
  });
});
