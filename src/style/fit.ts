// Whether a run fits the adapter, whole or in tiles, before anything is computed.
import { OutOfMemoryError } from '../base/errors.js';
import { mib } from '../gpu/device.js';
import type { Target } from '../gpu/kernel.js';
import { dryStore } from '../gpu/store.js';
import type { LoadedWeights } from '../nets/manifest.js';
import { Net } from '../nets/net.js';
import type { Size } from './input.js';
import { activeTaps, type StyleOptions } from './options.js';
import { fits, limitsOf, type Need } from './tiles/choose.js';
import type { Tiling } from './tiles/partition.js';
import { planMeasure, planScale, type ScalePlan } from './tiles/plan.js';

/** Bytes that one storage binding may have on this adapter. */
export function bindingLimit(target: Target): number {
  return target.maxBindingBytes;
}

/** Whether a scale's plan can run on the adapter under the options' bound. */
export function planFits(target: Target, plan: ScalePlan, o: StyleOptions): boolean {
  return needFits(target, plan, plan.windows?.tiling, o);
}

/** A bound that nobody gave is there to choose tiles by, not to refuse what `tile: 'off'` asks for. */
function needFits(target: Target, need: Need, tiling: Tiling | undefined, o: StyleOptions): boolean {
  const limits = limitsOf(target, o);
  return fits(need, limits, limits.given || tiling !== undefined);
}

/**
 * Throws OutOfMemoryError where the last scale's step, the measuring of its content or that of a style does not fit
 * the adapter, in tiles neither where the options allow them; it names what would fit. `regions` is the number of
 * colours of the content mask.
 */
export function assertFits(
  target: Target,
  weights: LoadedWeights,
  last: Size,
  styles: readonly Size[],
  o: StyleOptions,
  regions = 0,
): void {
  const net = new Net(dryStore, weights, activeTaps(o));
  const check = (what: string, size: Size, need: Need, tiling: Tiling | undefined, factor: number) => {
    if (!needFits(target, need, tiling, o)) refuse(target, what, size, need, tiling, factor, o);
  };
  const step = planScale(target, weights, last, o, regions);
  check(weights.net, last, step, step.windows?.tiling, 1);
  if (o.contentWeight > 0) {
    const content = planMeasure(target, net, last, 'features', o);
    check('the content picture', last, content, content.tiling, 1);
  }
  if (o.styleWeight === 0) return;
  for (const size of styles) {
    const style = planMeasure(target, net, size, 'grams', o);
    // A style may be as large as `styleScale` times the result.
    check('the style picture', size, style, style.tiling, 1 / o.styleScale);
  }
}

function refuse(
  target: Target,
  what: string,
  size: Size,
  { largestBytes, peakBytes }: Need,
  tiling: Tiling | undefined,
  factor: number,
  o: StyleOptions,
): never {
  const { bindingBytes, memoryBytes } = limitsOf(target, o);
  const windows = tiling ? ` in tiles of ${tiling.columns.window}x${tiling.rows.window}` : '';
  const place = `${what} at ${size.width}x${size.height}${windows}`;
  const otherwise = tiling || o.tile !== 'off' ? '' : ', or leave out --tile off';
  const instead =
    !tiling && o.styleLoss === 'w2' ? ', or --style-loss gram, which can be computed in tiles' : '';
  if (largestBytes > bindingBytes) {
    const side = Math.max(size.width, size.height);
    // The border of one pixel on each side does not shrink with the picture.
    const safe = Math.floor(((side + 2) * Math.sqrt(bindingBytes / largestBytes) - 2) * factor);
    throw new OutOfMemoryError(
      `${place} needs a tensor of ${mib(largestBytes)} MiB, ` +
        `and this adapter binds at most ${mib(bindingBytes)} MiB: choose --size ${safe} or less${otherwise}${instead}`,
      {
        fact: {
          code: 'size-limit',
          values: { ...size, needed: mib(largestBytes), most: mib(bindingBytes), size: safe },
        },
      },
    );
  }
  throw new OutOfMemoryError(
    `${place} needs ${mib(peakBytes)} MiB, and at most ${mib(memoryBytes)} MiB may be taken: ` +
      `choose a smaller --size, or --memory ${Math.ceil(peakBytes / 2 ** 20)} if there is so much${otherwise}${instead}`,
    {
      fact: { code: 'memory-limit', values: { ...size, needed: mib(peakBytes), most: mib(memoryBytes) } },
    },
  );
}
