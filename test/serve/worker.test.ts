// What a worker does with jobs, whatever goes wrong; without a GPU.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobStore } from '../../harness/serve/jobs/types.js';
import { type AttemptEnd, explain, Worker, type WorkerOptions } from '../../harness/serve/worker.js';
import { DeviceLostError, InputError, OutOfMemoryError, WeightsError } from '../../src/base/errors.js';
import { scratchFolder } from './database.js';
import { jobsIn, ScriptedEngine, spec, until } from './shared.js';

let folder: string;
let store: JobStore;
let running: { stop: AbortController; done: Promise<void> }[] = [];
beforeEach(async () => {
  folder = scratchFolder();
  store = await jobsIn(folder, { lease: 60_000, maxTries: 5 });
});
afterEach(async () => {
  for (const { stop } of running) stop.abort();
  for (const { done } of running) await done;
  running = [];
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function begin(engine: ScriptedEngine, options: Partial<WorkerOptions> = {}, from = store) {
  const stop = new AbortController();
  const ends: AttemptEnd[] = [];
  const lines: string[] = [];
  const worker = new Worker(from, engine, {
    name: 'w',
    beat: 5,
    poll: 5,
    checkpointEvery: 0,
    onEnd: (end) => ends.push(end),
    log: (line) => lines.push(line),
    ...options,
  });
  const one = { stop, done: worker.run(stop.signal), ends, lines };
  running.push(one);
  return one;
}
const create = async (steps: number) => (await store.create({ spec: spec(steps), inputs: new Map() })).job.id;
const stateOf = async (id: string) => (await store.find(id))?.state;
const resultOf = async (id: string) => Buffer.from((await store.result(id))!).toString();

describe('a worker', () => {
  it('makes one picture after the other, and tells how far it is', async () => {
    const ids = [await create(5), await create(3)];
    const { ends } = begin(new ScriptedEngine());
    await until('both', async () => (await store.counts()).done === 2);
    expect(await resultOf(ids[0]!)).toBe('1:1 2:1 3:1 4:1 5:1');
    expect(await resultOf(ids[1]!)).toBe('1:2 2:2 3:2');
    expect(ends).toEqual(['done', 'done']);
    expect(await store.find(ids[0]!)).toMatchObject({ step: 5, total: 5, attempt: 1, facts: { steps: 5 } });
  });

  it('that is stopped keeps its picture, and another goes on with it', async () => {
    const id = await create(60);
    const first = begin(new ScriptedEngine());
    await until('some steps', async () => ((await store.find(id))?.step ?? 0) > 3);
    first.stop.abort();
    await first.done;
    expect(first.ends).toEqual(['released']);
    const kept = (await store.find(id))!;
    expect(kept).toMatchObject({ state: 'queued', tries: 0 });
    expect(kept.checkpointStep).toBeGreaterThan(3);
    begin(new ScriptedEngine());
    await until('done', async () => (await stateOf(id)) === 'done');
    // Every step once, those before the stop by the first.
    expect((await resultOf(id)).split(' ').map((step) => Number(step.split(':')[0]))).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  });

  it('stops for a client who cancels', async () => {
    const id = await create(100_000);
    const { ends } = begin(new ScriptedEngine());
    await until('running', async () => ((await store.find(id))?.step ?? 0) > 2);
    await store.cancel(id);
    await until('cancelled', async () => (await stateOf(id)) === 'cancelled');
    await until('told', () => ends.length > 0);
    expect(ends).toEqual(['cancelled']);
  });

  it('tries again from the last checkpoint where the device is lost', async () => {
    const id = await create(20);
    const engine = new ScriptedEngine((step, run) => {
      if (run === 1 && step === 11) throw new DeviceLostError('the device was lost');
    });
    const { ends } = begin(engine);
    await until('done', async () => (await stateOf(id)) === 'done');
    expect(ends).toEqual(['retry', 'done']);
    const steps = (await resultOf(id)).split(' ');
    expect(steps).toHaveLength(20);
    expect(steps[0]).toBe('1:1');
    expect(steps.at(-1)).toBe('20:2');
  });

  it('does not try again what no attempt would mend', async () => {
    const id = await create(5);
    const { ends } = begin(
      new ScriptedEngine(() => {
        throw new InputError('content: is damaged');
      }),
    );
    await until('failed', async () => (await stateOf(id)) === 'failed');
    expect(await store.find(id)).toMatchObject({
      attempt: 1,
      error: { code: 'bad_input', message: 'content: is damaged', where: 'job' },
    });
    expect(ends).toEqual(['failed']);
  });

  it('gives up what fails without progress, and says so', async () => {
    const id = await create(5);
    begin(
      new ScriptedEngine(() => {
        throw new TypeError('undefined is not a secret');
      }),
    );
    await until('failed', async () => (await stateOf(id)) === 'failed');
    const { error, attempt } = (await store.find(id))!;
    expect(attempt).toBe(5);
    expect(error).toEqual({
      code: 'internal',
      message: '5 attempts without progress, the last one: an internal error; see the log',
      where: 'job',
    });
  });

  it('leaves a job that was given to another, and overwrites nothing', async () => {
    const id = await create(40);
    const slow = await jobsIn(folder, { lease: 1 });
    const first = begin(new ScriptedEngine(), { beat: 60_000, checkpointEvery: 60_000 }, slow);
    await until('claimed', async () => (await stateOf(id)) === 'running');
    const second = (await (async () => {
      await store.sweep();
      return store.claim('other');
    })())!;
    expect(second.lease.attempt).toBe(2);
    await until('lost', () => first.ends.length > 0);
    expect(first.ends).toEqual(['lost']);
    expect(await store.complete(second.lease, Buffer.from('mine'), null)).toBe(true);
    expect(await resultOf(id)).toBe('mine');
    first.stop.abort();
    await first.done;
    await slow.close();
  });

  it('waits for a store that is away, and loses nothing', async () => {
    const id = await create(30);
    let away = false;
    let refused = 0;
    const flaky = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]) => {
          if (away && refused++ >= 0) return Promise.reject(new InputError('the store is away'));
          return Reflect.apply(value, target, given) as unknown;
        };
      },
    });
    const engine = new ScriptedEngine((step) => {
      if (step === 10) away = true;
    });
    const { ends } = begin(engine, {}, flaky);
    await until('refusals', () => refused > 10);
    away = false;
    await until('done', async () => (await stateOf(id)) === 'done');
    await until('told', () => ends.length > 0);
    expect(ends).toEqual(['done']);
    expect(engine.runs).toBe(1);
  });
});

describe('what a client is told', () => {
  it.each([
    [new DeviceLostError('gone'), 'device_lost', true],
    [new OutOfMemoryError('full'), 'out_of_memory', true],
    [new WeightsError('none'), 'weights', false],
    [new InputError('bad'), 'bad_input', false],
  ])('%s', (error, code, retry) => {
    expect(explain(error)).toEqual({ told: { code, message: error.message, where: 'job' }, retry });
  });

  it('of a bug is no word of its text', () => {
    expect(JSON.stringify(explain(new Error('/etc/secret')))).not.toContain('secret');
  });
});
