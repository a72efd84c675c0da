// One scale, whole or in tiles as its plan says.
import { mib } from '../gpu/device.js';
import type { TensorStore } from '../gpu/store.js';
import type { LoadedWeights } from '../nets/manifest.js';
import type { Net } from '../nets/net.js';
import type { Size } from './input.js';
import type { StepSession } from './iterate.js';
import type { Targets } from './objective.js';
import type { StyleOptions } from './options.js';
import { ScaleSession } from './session.js';
import { limitsOf } from './tiles/choose.js';
import { planScale, type ScalePlan } from './tiles/plan.js';
import { TiledSession } from './tiles/session.js';

/** Compiles the step of one scale; `stage` is told of its tiles before. */
export async function openSession(
  store: TensorStore,
  net: Net,
  weights: LoadedWeights,
  size: Size,
  targets: Targets,
  o: StyleOptions,
  stage?: (text: string) => void,
): Promise<StepSession> {
  const { target } = store;
  const masks = targets.regions.filter(({ guidance }) => guidance).length;
  const plan = planScale(target, weights, size, o, masks);
  if (!plan.windows) return ScaleSession.create(store, net, size, targets, o);
  stage?.(`${describeTiles(plan)}; ${mib(limitsOf(target, o).memoryBytes)} MiB may be taken`);
  return TiledSession.create(store, net, size, plan.windows.tiling, targets, o);
}

/** One line on the tiles of a plan. */
export function describeTiles({ windows, peakBytes, flops }: ScalePlan): string {
  if (!windows) return 'in one piece';
  const { rows, columns, exact } = windows.tiling;
  return (
    `${columns.count} x ${rows.count} tiles of ${columns.window}x${rows.window}, ` +
    `overlap ${rows.overlap} (${exact ? 'exact' : 'approximate'}), ` +
    `${(flops / windows.wholeFlops).toFixed(2)} x the arithmetic of one piece, ${mib(peakBytes)} MiB`
  );
}
