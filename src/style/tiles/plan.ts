// What a scale needs before it runs: memory, windows, arithmetic. Needs no GPU.

import { sizeOf } from '../../base/shape.js';
import { type Tensor, tensor } from '../../base/tensor.js';
import type { Dispatch, Target } from '../../gpu/kernel.js';
import { dryStore } from '../../gpu/store.js';
import { planProgram } from '../../graph/constants.js';
import type { MemoryPlan } from '../../graph/liveness.js';
import { SharedLayout } from '../../graph/shared-memory.js';
import { Tape } from '../../graph/tape.js';
import { gram } from '../../kernels/gram.js';
import type { LoadedWeights } from '../../nets/manifest.js';
import { Net } from '../../nets/net.js';
import { Iterate } from '../iterate.js';
import type { Targets } from '../objective.js';
import { activeLayers, activeTaps, type StyleOptions } from '../options.js';
import { dryTargets, planStep } from '../session.js';
import { chooseTiling, limitsOf, type Need } from './choose.js';
import type { Extents, Tiling } from './partition.js';
import { recordPasses } from './passes.js';
import { WindowFeatures } from './window.js';

/** The memory of one step in windows, in bytes of the GPU unless said. */
export interface TiledMemory {
  /** Picture, gradient, the optimiser's state, and what the update needs beside them. */
  readonly wholeBytes: number;
  /** Slots, textures and inputs of one window. */
  readonly windowBytes: number;
  /** Weights, filters and statistics. */
  readonly netBytes: number;
  /** Features of the content picture and masks of regions, in the CPU's memory. */
  readonly cpuBytes: number;
}

/** What one scale needs. */
export interface ScalePlan extends Need {
  /** Of the step's program; of the windows' gradient pass where there are windows. */
  readonly plan: MemoryPlan;
  readonly dispatches: number;
  /** Arithmetic of one step. */
  readonly flops: number;
  readonly windows?: TiledMemory & {
    readonly tiling: Tiling;
    /** Arithmetic of the step in one piece, if it could be. */
    readonly wholeFlops: number;
  };
}

/**
 * Plans one scale as the options and the adapter's limits want it, with `regions` masks (0: none); it may be found not
 * to fit.
 */
export function planScale(
  target: Target,
  weights: LoadedWeights,
  size: Extents,
  o: StyleOptions,
  regions = 0,
): ScalePlan {
  const whole = planStep(target, weights, size, o, regions);
  return chooseTiling(size, weights.net, activeTaps(o), o, limitsOf(target, o), (tiling) =>
    tiling
      ? planTiled(target, weights, size, tiling, o, regions, whole.flops)
      : { ...whole, ...needOf(whole.plan) },
  );
}

function needOf(plan: MemoryPlan): Need {
  return {
    peakBytes: plan.transientBytes + plan.textureBytes + plan.pinnedBytes,
    largestBytes: largestOf([plan]),
  };
}

function planTiled(
  target: Target,
  weights: LoadedWeights,
  size: Extents,
  tiling: Tiling,
  o: StyleOptions,
  regions: number,
  wholeFlops: number,
): ScalePlan {
  const net = new Net(dryStore, weights, activeTaps(o));
  const iterate = new Iterate(dryStore, size, o);
  const targets = dryTargets(net, size, o, regions);
  const r = recordPasses(target, dryStore, net, iterate, tiling, targets, o);
  const planOf = (dispatches: readonly Dispatch<Tensor>[], keep: readonly Tensor[] = []) =>
    planProgram(dispatches, keep).plan;
  const gradient = planOf(r.gradient.dispatches);
  const statistics = planOf(r.statistics?.tape.dispatches ?? []);
  const judge = planOf(r.judge);
  const finish = planOf(
    r.finish,
    [...r.series.values()].filter((t) => t.lifetime === 'transient'),
  );
  const plans = [gradient, statistics, judge, finish];

  const layout = new SharedLayout();
  for (const plan of [gradient, statistics]) layout.place(plan);
  const own = (plan: MemoryPlan) => plan.transientBytes + plan.textureBytes;
  // Pinned tensors have one name each, in whichever programs they are used.
  const pinned = new Map(plans.flatMap((plan) => plan.pinned).map((t) => [t.name, t.bytes]));
  const sumOf = (wanted: (name: string) => boolean) =>
    [...pinned].reduce((sum, [name, bytes]) => sum + (wanted(name) ? bytes : 0), 0);
  const isInput = (name: string) => name.startsWith('tile.');
  const whole = new Set([iterate.image, ...iterate.optimizer.state().values()].map(({ name }) => name));
  const isWhole = (name: string) => whole.has(name) || name === 'gradient';

  const wholeBytes = sumOf(isWhole) + own(finish);
  const windowBytes = layout.bytes + sumOf(isInput);
  const netBytes = sumOf((name) => !isWhole(name) && !isInput(name)) + own(judge);
  const count = tiling.rows.count * tiling.columns.count;
  return {
    plan: gradient,
    dispatches:
      count * (dispatchesOf(r.statistics?.tape.dispatches) + dispatchesOf(r.gradient.dispatches)) +
      dispatchesOf(r.judge) +
      dispatchesOf(r.finish),
    flops: count * (2 * r.flops + (r.statistics?.flops ?? 0)),
    peakBytes: wholeBytes + windowBytes + netBytes,
    largestBytes: largestOf(plans),
    windows: {
      tiling,
      wholeBytes,
      windowBytes,
      netBytes,
      cpuBytes: cpuBytes(targets),
      wholeFlops,
    },
  };
}

function dispatchesOf(list: readonly Dispatch<Tensor>[] = []): number {
  return planProgram(list).dispatches;
}

function largestOf(plans: readonly MemoryPlan[]): number {
  return Math.max(...plans.flatMap(({ slots, pinned }) => [...slots, ...pinned]).map(({ bytes }) => bytes));
}

/** Bytes of the content's features and the regions' guidance in the CPU's memory. */
function cpuBytes({ content, regions }: Targets): number {
  const maps = [...content.values(), ...regions.flatMap(({ guidance }) => [...(guidance?.values() ?? [])])];
  return maps.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
}

/** What measuring a picture needs: whole, or in the windows of `tiling`. */
export interface MeasurePlan extends Need {
  readonly tiling: Tiling | undefined;
}

/** Plans the measuring of a content picture (`features`) or of a style (`grams`) at its size. */
export function planMeasure(
  target: Target,
  net: Net,
  size: Extents,
  kind: 'features' | 'grams',
  o: StyleOptions,
): MeasurePlan {
  const active =
    kind === 'features'
      ? activeLayers(o.contentLayers, o.contentWeight)
      : activeLayers(o.styleLayers, o.styleWeight);
  const layers = active.map(([layer]) => layer);
  return chooseTiling(size, net.name, layers, o, limitsOf(target, o), (tiling) => {
    const tape = new Tape(target);
    const image = tensor('picture', [1, 3, size.height, size.width], { lifetime: 'pinned' });
    const features = tiling ? new WindowFeatures(tape, net, image, tiling, layers, o) : undefined;
    const taps = features
      ? new Map(layers.map((layer) => [layer, kind === 'grams' ? features.core(layer) : features.all(layer)]))
      : net.forward(tape, image, layers, o);
    const results =
      kind === 'features'
        ? [...taps.values()]
        : [...taps].map(([layer, x]) => tape.record(gram, `gram:${layer}`, { x }, { scale: 1 }));
    return { ...needOf(planProgram(tape.dispatches, results).plan), tiling };
  });
}
