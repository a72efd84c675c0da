// `facet serve` with its files: killed, on a full disk, under a clock that jumps.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openJobFile } from '../../harness/serve/jobs/libsql-jobs.js';
import { startService } from '../../harness/serve/service.js';
import { Worker } from '../../harness/serve/worker.js';
import { scratchFolder } from '../serve/database.js';
import { form, png, ScriptedEngine, spec, until } from '../serve/shared.js';
import { chance, Facet, tell } from './shared.js';

interface Job {
  id: string;
  state: string;
  attempt: number;
}

it('the server killed while clients hand in and workers work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'facet-faults-'));
  const server = new Facet([
    'serve',
    '--port',
    '0',
    '--data',
    folder,
    '--lease',
    '2',
    '--checkpoint-every',
    '0.2',
    '--rate',
    '100000',
  ]);
  const [content, styles] = [await png(32, 32, 1), await png(32, 32, 2)];
  let url = '';
  const begin = async () => {
    server.start();
    await until('listening', () => /listening on (\S+)/.test(server.stderr), 60_000);
    url = /listening on (\S+)/.exec(server.stderr)![1]!;
  };
  const acknowledged: string[] = [];
  const random = chance(3);
  let over = false;
  let number = 0;
  const client = async () => {
    while (!over) {
      const key = `client-${number++}`;
      // Sent again with the same key until it is acknowledged.
      while (!over) {
        const body = form({ content, styles, options: { size: 32, iterations: 40 } });
        const response = await fetch(`${url}/v1/stylize`, {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body,
        }).catch(() => undefined);
        if (response?.status === 202) {
          acknowledged.push(((await response.json()) as Job).id);
          break;
        }
        await sleep(100);
      }
      await sleep(800);
    }
  };
  const kills = 6;
  try {
    await begin();
    const clients = [client(), client()];
    for (let i = 0; i < kills; i++) {
      await sleep(2000 + 2500 * random());
      await server.end('SIGKILL');
      await begin();
    }
    over = true;
    await Promise.all(clients);
    const jobOf = async (id: string) => (await (await fetch(`${url}/v1/jobs/${id}`)).json()) as Job;
    await until(
      'all done',
      async () => {
        await sleep(300);
        const states = (await Promise.all(acknowledged.map(jobOf))).map(({ state }) => state);
        expect(states).not.toContain('failed');
        return states.every((state) => state === 'done');
      },
      240_000,
    );
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    const pictures = await Promise.all(
      acknowledged.map(async (id) =>
        Buffer.from(await (await fetch(`${url}/v1/jobs/${id}/result`)).arrayBuffer()),
      ),
    );
    for (const picture of pictures) expect(Buffer.compare(picture, pictures[0]!)).toBe(0);
    const { jobs } = (await (await fetch(`${url}/v1/jobs?limit=200`)).json()) as { jobs: Job[] };
    const attempts = jobs.reduce((sum, job) => sum + job.attempt, 0);
    expect(await server.end('SIGTERM')).toBe(0);
    tell({
      fault: '`facet serve` killed (`kill -9`), jobs in a file',
      injected: kills,
      acknowledged: acknowledged.length,
      lost: 0,
      duplicated: jobs.length - acknowledged.length > 2 ? jobs.length - acknowledged.length : 0,
      result: `all done with the same bits, ${attempts} attempts for ${jobs.length} jobs`,
    });
  } finally {
    over = true;
    await server.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Whether a small disk can be had: as root, where mounting is allowed. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'facet-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'pipe' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}
const disk = smallDisk();

it.skipIf(disk === undefined)('a disk that fills up, and has room again', async () => {
  const folder = disk!;
  const service = await startService({
    host: '127.0.0.1',
    port: 0,
    folder,
    work: false,
    precision: 'f32',
    limits: { rate: 1e6, burst: 1e6 },
    log() {},
  });
  const [content, styles] = [await png(160, 160, 1), await png(64, 64, 2)];
  const hand = () =>
    fetch(`${service.url}/v1/stylize`, {
      method: 'POST',
      body: form({ content, styles, options: { size: 32, iterations: 3 } }),
    });
  try {
    const acknowledged: string[] = [];
    let refused = 0;
    for (let i = 0; i < 200 && refused < 5; i++) {
      const response = await hand();
      const body = (await response.json()) as Job & { error: { code: string } };
      if (response.status === 202) acknowledged.push(body.id);
      else {
        refused++;
        expect([response.status, body.error.code]).toEqual([503, 'unavailable']);
      }
    }
    expect(refused).toBe(5);
    for (const id of acknowledged) expect((await fetch(`${service.url}/v1/jobs/${id}`)).status).toBe(200);
    // Space that others give back.
    execFileSync('mount', ['-o', 'remount,size=8m', folder]);
    const after = await hand();
    expect(after.status).toBe(202);
    const store = await openJobFile(join(folder, 'jobs.db'));
    const stop = new AbortController();
    const working = new Worker(store, new ScriptedEngine(), { name: 'w', poll: 5 }).run(stop.signal);
    await until('all', async () => (await store.counts()).done === acknowledged.length + 1, 60_000);
    stop.abort();
    await working;
    await store.close();
    tell({
      fault: 'disk full (tmpfs of 3 MiB)',
      injected: refused,
      acknowledged: acknowledged.length + 1,
      lost: 0,
      duplicated: 0,
      result: 'answered 503; what was acknowledged before is done once there is room',
    });
  } finally {
    await service.stop();
    // Lazily: SQLite lets go of its files when the statements are collected.
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  }
});

it('a clock that jumps by hours, both ways', async () => {
  const folder = scratchFolder();
  let shift = 0;
  const open = () =>
    openJobFile(join(folder, 'jobs.db'), {
      clock: () => Date.now() + shift,
      lease: 500,
      backoff: 0,
      maxTries: 1000,
    });
  const [a, b] = [await open(), await open()];
  const stop = new AbortController();
  const ends: string[] = [];
  const workers = [a, b].map((store, i) =>
    new Worker(store, new ScriptedEngine(), {
      name: `w${i}`,
      beat: 20,
      poll: 5,
      checkpointEvery: 10,
      onEnd: (end) => ends.push(end),
    }).run(stop.signal),
  );
  const jobs = 60;
  const ids: string[] = [];
  for (let i = 0; i < jobs; i++) ids.push((await a.create({ spec: spec(40), inputs: new Map() })).job.id);
  const random = chance(4);
  let jumps = 0;
  try {
    await until(
      'all done',
      async () => {
        // Forward for good or back for good: a job made an hour ahead waits for no clock to come back.
        if (jumps < 60) {
          shift += (random() < 0.6 ? 1 : -0.5) * 3600_000 * random();
          jumps++;
        }
        await sleep(60);
        return (await a.counts()).done === jobs;
      },
      240_000,
    );
  } finally {
    stop.abort();
    await Promise.all(workers);
  }
  for (const id of ids) {
    const steps = Buffer.from((await a.result(id))!)
      .toString()
      .split(' ');
    expect(steps.map((step) => Number(step.split(':')[0]))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  }
  const done = ends.filter((end) => end === 'done').length;
  expect(done).toBe(jobs);
  tell({
    fault: 'clock set forward and back by up to an hour, two workers',
    injected: jumps,
    acknowledged: jobs,
    lost: 0,
    duplicated: 0,
    result: `each done once; ${ends.length - done} attempts given up because another worker had taken the job`,
  });
  await a.close();
  await b.close();
  rmSync(folder, { recursive: true, force: true });
});
