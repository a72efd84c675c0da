import { describe, expect, it } from 'vitest';
import { FacetError, InputError } from '../../src/base/errors.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/style/checkpoint.js';
import type { PartialStyleOptions } from '../../src/style/options.js';
import { stylePicture, useRuns } from './shared.js';

const runs = useRuns();
const { run } = runs;

describe('a run', () => {
  it('lowers the loss at every scale and gives a picture of the asked size', async () => {
    const result = await run({ iterations: 40 }, { lossEvery: 1 });
    expect([result.image.width, result.image.height]).toEqual([64, 53]);
    expect(result.steps).toBe(40);
    expect(result.aborted).toBe(false);
    const total = result.trace.series.total!;
    const [first, second] = result.trace.scales.map((s) => s.step);
    expect(total[second! - 1]!).toBeLessThan(0.5 * total[first!]!);
    expect(total.at(-1)!).toBeLessThan(total[second!]!);
    expect(result.image.data.every((v) => v >= 0 && v <= 1)).toBe(true);
    const layers = Object.keys(result.trace.series).filter((name) => name.startsWith('style:'));
    expect(layers.sort()).toEqual(
      ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'].map((l) => `style:${l}`),
    );
  });

  it('gives the same bits twice, and other bits for another seed', async () => {
    const noise = { init: 'noise', size: 45, iterations: 4 } as const;
    const [a, b, c] = [
      await run({ ...noise, seed: 5 }),
      await run({ ...noise, seed: 5 }),
      await run({ ...noise, seed: 6 }),
    ];
    expect(b.image.data).toEqual(a.image.data);
    expect(c.image.data).not.toEqual(a.image.data);
  });

  it('tells steps, scales and losses', async () => {
    const events: [number, number, number, boolean][] = [];
    await run(
      {},
      {
        lossEvery: 3,
        onStep: (e) => void events.push([e.step, e.total, e.scale.index, e.losses !== undefined]),
      },
    );
    expect(events.map((e) => e[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(events.every((e) => e[1] === 12)).toBe(true);
    expect(events.map((e) => e[2])).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(events.map((e) => e[3])).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it('reports losses that became infinite with advice', async () => {
    // A first layer a sextillion times too large: its Gram matrix does not fit float32.
    const first = runs.weights.tensors.get('conv1_1.weight')!;
    const tensors = new Map(runs.weights.tensors);
    tensors.set('conv1_1.weight', { ...first, values: first.values.map((value) => value * 1e21) });
    const failed = run({}, { lossEvery: 1 }, { weights: { ...runs.weights, tensors } });
    await expect(failed).rejects.toThrow(FacetError);
    await expect(failed).rejects.toThrow(/became (Infinity|NaN) at step 0: lower the learning rate/);
  });
});

describe('resuming', () => {
  /** Stops after `stop` steps, through bytes, and goes on. */
  async function interrupted(options: PartialStyleOptions, stop: number, more: object = {}) {
    const abort = new AbortController();
    const part = await run(
      options,
      { signal: abort.signal, onStep: (e) => void (e.step === stop && abort.abort()) },
      more,
    );
    expect(part.aborted).toBe(stop < 12);
    expect(part.steps).toBe(stop);
    const checkpoint = decodeCheckpoint(encodeCheckpoint(part.checkpoint), 'test');
    return run({}, {}, { ...more, resume: checkpoint });
  }

  it('is bit-exact at every step of both scales', async () => {
    const whole = await run();
    for (let stop = 1; stop < 12; stop++) {
      const resumed = await interrupted({}, stop);
      expect(resumed.image.data, `stopped at ${stop}`).toEqual(whole.image.data);
      expect(resumed.trace, `trace, stopped at ${stop}`).toEqual(whole.trace);
    }
  });

  it('is bit-exact with L-BFGS and noise', async () => {
    const options = { optimizer: 'lbfgs', init: 'noise', seed: 9, learningRate: 0.5 } as const;
    const whole = await run(options);
    for (const stop of [3, 8, 10])
      expect((await interrupted(options, stop)).image.data, `stopped at ${stop}`).toEqual(whole.image.data);
  });

  it('refuses other pictures and damaged files', async () => {
    const abort = new AbortController();
    const part = await run({}, { signal: abort.signal, onStep: () => abort.abort() });
    const other = { resume: part.checkpoint, content: stylePicture() };
    await expect(run({}, {}, other)).rejects.toThrow('the pictures or masks differ');
    const bytes = encodeCheckpoint(part.checkpoint);
    expect(() => decodeCheckpoint(bytes.subarray(0, bytes.length - 9), 'x.safetensors')).toThrow(InputError);
    expect(() => decodeCheckpoint(new Uint8Array(10), 'x.safetensors')).toThrow(InputError);
  });

  it('gives the same bytes for the same checkpoint', async () => {
    const checkpoints: Checkpoint[] = [];
    await run({ iterations: 3 }, { onStep: async (e) => void checkpoints.push(await e.checkpoint()) });
    expect(encodeCheckpoint(checkpoints[1]!)).toEqual(encodeCheckpoint(checkpoints[1]!));
    expect(encodeCheckpoint(checkpoints[1]!)).not.toEqual(encodeCheckpoint(checkpoints[2]!));
  });
});
