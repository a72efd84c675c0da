// Whole runs over tiles: interrupted, resumed, abandoned within a step; scales that need no tiles.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/base/errors.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/style/checkpoint.js';
import type { PartialStyleOptions } from '../../../src/style/options.js';
import type { TileEvent } from '../../../src/style/stylize.js';
import { contentPicture, style, useRuns } from '../shared.js';

const runs = useRuns();

/** The first scale of 45 px is one piece, the last of 64 px has 3 x 2 tiles of approximate overlap. */
const TILED: PartialStyleOptions = {
  contentLayers: { relu2_2: 1 },
  styleLayers: { relu1_1: 1, relu3_1: 1 },
  tile: 28,
  tileOverlap: 8,
  firstSize: 45,
  iterations: 6,
  seed: 3,
};

describe('a run over tiles', { timeout: 120_000 }, () => {
  it('goes on bit-exactly from every step, with the same tiles moved the same way', async () => {
    const whole = await runs.run(TILED, { lossEvery: 1 });
    expect(whole.steps).toBe(6);
    for (const stop of [4, 5]) {
      const abort = new AbortController();
      const part = await runs.run(TILED, {
        lossEvery: 1,
        signal: abort.signal,
        onStep: ({ step }) => void (step === stop && abort.abort()),
      });
      expect(part.aborted).toBe(true);
      const resume = decodeCheckpoint(encodeCheckpoint(part.checkpoint), 'test');
      const resumed = await runs.run({}, { lossEvery: 1 }, { resume });
      expect(resumed.image.data, `stopped at ${stop}`).toEqual(whole.image.data);
      expect(resumed.trace, `stopped at ${stop}`).toEqual(whole.trace);
    }
  });

  it('is abandoned between two tiles, and goes on from the step before', async () => {
    const whole = await runs.run(TILED);
    const abort = new AbortController();
    const events: TileEvent[] = [];
    const part = await runs.run(TILED, {
      signal: abort.signal,
      onTile: (event) => {
        events.push(event);
        // In the second pass of the last scale's second step.
        if (event.step === 6 && event.done === event.total / 2 + 1) abort.abort();
      },
    });
    expect(part.aborted).toBe(true);
    expect(part.steps).toBe(5);
    const { total } = events[0]!;
    expect(total).toBeGreaterThanOrEqual(8);
    expect(events.filter(({ step }) => step === 5).map(({ done }) => done)).toEqual(
      Array.from({ length: total }, (_, i) => i + 1),
    );
    expect(events.at(-1)).toEqual({ step: 6, steps: 6, done: total / 2 + 1, total });
    // The first scale had none.
    expect(Math.min(...events.map(({ step }) => step))).toBe(5);
    const resume = decodeCheckpoint(encodeCheckpoint(part.checkpoint), 'test');
    expect((await runs.run({}, {}, { resume })).image.data).toEqual(whole.image.data);
  });

  it('lowers the loss with L-BFGS and regions', async () => {
    const mask = contentPicture(48, 40);
    mask.data.fill(0);
    mask.data.fill(1, 0, 3 * 48 * 20);
    const styleMask = contentPicture(40, 44);
    styleMask.data.fill(0);
    styleMask.data.fill(1, 0, 3 * 40 * 22);
    const { trace } = await runs.run(
      { ...TILED, firstSize: 64, optimizer: 'lbfgs', iterations: 5 },
      { lossEvery: 1 },
      { contentMask: mask, style: [{ image: style, mask: styleMask }] },
    );
    const total = trace.series.total!;
    expect(total.at(-1)!).toBeLessThan(total[0]!);
    expect(Object.keys(trace.series)).toContain('style:relu3_1@#ffffff');
  });

  it('reads a checkpoint of a version without tiles', async () => {
    const { checkpoint } = await runs.run({ ...TILED, firstSize: 64, iterations: 1 });
    const { tile: _tile, tileOverlap: _overlap, memory: _memory, ...older } = checkpoint.options;
    const bytes = encodeCheckpoint({ ...checkpoint, options: older as never });
    const { options } = decodeCheckpoint(bytes, 'older');
    expect([options.tile, options.tileOverlap, options.memory]).toEqual(['auto', 'exact', 'auto']);
  });
});

it.each<[PartialStyleOptions, RegExp]>([
  [{ tile: 8 }, /^tile must be a whole number in 16\.\.16384, got 8$/],
  [{ tile: 32.5 }, /^tile must be a whole number/],
  [{ tileOverlap: -1 }, /^tile overlap must be a whole number in 0\.\.4096, got -1$/],
  [{ memory: 1 }, /^memory must be a whole number in 64\.\.1048576, got 1$/],
  [{ tile: 256, styleLoss: 'w2' }, /^tiles need the style loss gram; w2 has none/],
])('refuses %o', async (options, message) => {
  const failed = runs.run(options);
  await expect(failed).rejects.toThrow(InputError);
  await expect(failed).rejects.toThrow(message);
});
