// Devices that are lost, or have no memory left, in the middle of pictures.
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Gpu } from '../../harness/serve/gpu.js';
import { GpuStyleEngine } from '../../harness/serve/style-work.js';
import { Worker } from '../../harness/serve/worker.js';
import { OutOfMemoryError } from '../../src/base/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { scratchFolder } from '../serve/database.js';
import { jobsIn, png, spec, until } from '../serve/shared.js';
import { chance, quantile, tell } from './shared.js';

const inputs = new Map([
  ['content', await png(32, 32, 1)],
  ['style:0', await png(32, 32, 2)],
]);

it('devices that are destroyed in mid-step cost steps and no picture', async () => {
  const folder = scratchFolder();
  const store = await jobsIn(folder, { maxTries: 50 });
  let device: Device | undefined;
  const gpu = new Gpu({
    onDevice: (opened) => {
      device = opened;
    },
  });
  const stop = new AbortController();
  const worker = new Worker(store, new GpuStyleEngine(gpu), {
    name: 'w',
    beat: 10,
    poll: 10,
    checkpointEvery: 20,
  });
  const working = worker.run(stop.signal);
  try {
    const steps = 150;
    const calm = (await store.create({ spec: spec(steps), inputs })).job.id;
    await until('the calm one', async () => (await store.find(calm))?.state === 'done', 120_000);
    const random = chance(1);
    const recoveries: number[] = [];
    let repeated = 0;
    let injected = 0;
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { id } = (await store.create({ spec: spec(steps), inputs })).job;
      ids.push(id);
      for (let fault = 0; fault < 4; fault++) {
        const aim = Math.floor(((fault + random()) / 4.2) * steps);
        await until('the aim', async () => ((await store.find(id))?.step ?? 0) >= aim, 120_000);
        const before = (await store.find(id))!;
        if (before.state !== 'running') continue;
        device!.gpu.destroy();
        injected++;
        const start = performance.now();
        await until(
          'a step beyond',
          async () => {
            const now = (await store.find(id))!;
            return now.state === 'done' || (now.attempt > before.attempt && now.step > before.step);
          },
          120_000,
        );
        recoveries.push(performance.now() - start);
        repeated += before.step - (before.checkpointStep ?? 0);
      }
      await until('the end', async () => (await store.find(id))?.state === 'done', 120_000);
    }
    const expected = await store.result(calm);
    for (const id of ids) expect(Buffer.compare((await store.result(id))!, expected!)).toBe(0);
    expect(injected).toBeGreaterThan(8);
    tell({
      fault: '`device.destroy()` in mid-step',
      injected,
      acknowledged: 4,
      lost: 0,
      duplicated: 0,
      result: `same bits as undisturbed; a step beyond after ${quantile(recoveries, 0.5).toFixed(0)} ms (median), ${Math.max(...recoveries).toFixed(0)} ms (longest); ${(repeated / injected).toFixed(1)} steps done again each`,
    });
  } finally {
    stop.abort();
    await working;
    await gpu.dispose();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('a device without memory is tried again with a new one', async () => {
  const folder = scratchFolder();
  const store = await jobsIn(folder);
  let devices = 0;
  const gpu = new Gpu({
    onDevice(device) {
      if (++devices > 3) return;
      device.allocating = async (what) => {
        throw new OutOfMemoryError(`${what} could not be had: injected`);
      };
    },
  });
  const stop = new AbortController();
  const working = new Worker(store, new GpuStyleEngine(gpu), { name: 'w', beat: 10, poll: 10 }).run(
    stop.signal,
  );
  try {
    const { id } = (await store.create({ spec: spec(10), inputs })).job;
    await until('done', async () => (await store.find(id))?.state === 'done', 120_000);
    expect(await store.find(id)).toMatchObject({ attempt: 4, state: 'done' });
    tell({
      fault: 'no GPU memory when the step is compiled',
      injected: 3,
      acknowledged: 1,
      lost: 0,
      duplicated: 0,
      result: 'done by the fourth attempt, each on a new device',
    });
  } finally {
    stop.abort();
    await working;
    await gpu.dispose();
    await store.close();
    await sleep(1);
    rmSync(folder, { recursive: true, force: true });
  }
});
