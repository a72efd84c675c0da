// What plans promise: bounds that are kept, and what runs in one piece stays so. Needs no GPU.
import { beforeAll, describe, expect, it } from 'vitest';
import { findWeights } from '../../../harness/node/weights.js';
import { PLAIN_TARGET, type Target } from '../../../src/gpu/kernel.js';
import type { LoadedWeights } from '../../../src/nets/manifest.js';
import { type PartialStyleOptions, resolveOptions } from '../../../src/style/options.js';
import { fits, limitsOf } from '../../../src/style/tiles/choose.js';
import { planScale } from '../../../src/style/tiles/plan.js';

/** A software adapter with the least limits that WebGPU promises. */
const target: Target = { ...PLAIN_TARGET, subgroupSize: 8, cpu: true };
const MIB = 2 ** 20;

let weights: LoadedWeights;
beforeAll(async () => {
  weights = await findWeights('vgg19-slim', { env: {} });
});

function plan(width: number, height: number, options: PartialStyleOptions = {}, on = target) {
  const o = resolveOptions({ size: Math.max(width, height), ...options }, weights);
  const scale = planScale(on, weights, { width, height }, o);
  return { scale, fits: fits(scale, limitsOf(on, o)) };
}

describe('a plan', () => {
  it('is of one piece where that fits', () => {
    expect(plan(512, 384).scale.windows).toBeUndefined();
    const off = plan(1024, 1024, { tile: 'off', memory: 512 });
    expect(off.fits).toBe(false);
    expect(off.scale.windows).toBeUndefined();
  });

  it.each([
    [2048, 2048, {}],
    [2047, 1531, { optimizer: 'lbfgs', memory: 6000 }],
    [2048, 2048, { memory: 1200 }],
    [1300, 700, { memory: 700 }],
    [1024, 1024, { tileOverlap: 32, memory: 500 }],
  ] as const)('of %ix%i keeps its bounds in the fewest tiles: %o', (width, height, options) => {
    const { scale, fits: kept } = plan(width, height, options);
    expect(kept).toBe(true);
    const { windows } = scale;
    expect(windows).toBeDefined();
    const { rows, columns } = windows!.tiling;
    expect(windows!.wholeBytes + windows!.windowBytes + windows!.netBytes).toBe(scale.peakBytes);
    // Picture, gradient, and two moments or a history, 16 bytes a pixel each.
    expect(windows!.wholeBytes).toBeGreaterThan(4 * 16 * width * height);
    expect(windows!.cpuBytes).toBeGreaterThan(0);
    const covered = rows.count * rows.window * columns.count * columns.window;
    expect(scale.flops / windows!.wholeFlops).toBeLessThan((1.5 * covered) / (width * height) + 0.01);
    expect(scale.flops / windows!.wholeFlops).toBeGreaterThan(covered / (width * height));
    // With one tile less it would not have fitted; cores that are moved overlap more than the count tells.
    if (!windows!.tiling.exact) return;
    const core = Math.max(rows.core, columns.core);
    const long = width >= height ? columns : rows;
    const inner = long.extent - 2 * long.overlap;
    const fewer = Math.ceil(inner / (Math.ceil(inner / core) - 1));
    if (Number.isFinite(fewer) && fewer < inner) {
      expect(plan(width, height, { ...options, tile: fewer }).fits).toBe(false);
    }
  });

  it('takes tiles of the size that is asked for', () => {
    const { windows } = plan(600, 400, { tile: 100 }).scale;
    // Between the overlaps at the edges lie 240 rows in 3 cores of 80, and 432 of 592 columns in 5 of 96.
    expect(windows!.tiling).toMatchObject({
      exact: true,
      grid: 16,
      rows: { count: 3, core: 80, window: 240, overlap: 80 },
      columns: { count: 5, core: 96, window: 264, overlap: 80 },
    });
    expect(plan(600, 400, { tile: 1000 }).scale.windows).toBeUndefined();
  });

  it('of a GPU has another bound', () => {
    const gpu: Target = { ...target, cpu: false, maxBindingBytes: 2 ** 31 };
    expect(limitsOf(gpu, { memory: 'auto' })).toEqual({
      bindingBytes: 2 ** 31,
      memoryBytes: 8192 * MIB,
      given: false,
    });
    expect(plan(2048, 2048, {}, gpu).scale.windows).toBeUndefined();
    expect(plan(2048, 2048, { memory: 2000 }, gpu).scale.windows).toBeDefined();
  });
});
