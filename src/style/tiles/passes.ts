// The programs of a step over windows, as recorded: statistics, their gradients, the picture's gradient, the update.
import { type Tensor, tensor } from '../../base/tensor.js';
import type { Dispatch, Target } from '../../gpu/kernel.js';
import type { PinStore, TensorStore } from '../../gpu/store.js';
import { withoutUnused } from '../../graph/prune.js';
import { Tape } from '../../graph/tape.js';
import { fillDispatch, weightedAddDispatch } from '../../kernels/arithmetic.js';
import { addAtDispatch } from '../../kernels/crop2d.js';
import { gram } from '../../kernels/gram.js';
import { squaredError } from '../../kernels/squared-error.js';
import type { Net } from '../../nets/net.js';
import type { Iterate } from '../iterate.js';
import {
  type Constant,
  type ContentTerm,
  constantsIn,
  contentTerms,
  gramLoss,
  recordTotal,
  type StyleTerm,
  styleTerms,
  type Targets,
  weightedSum,
} from '../objective.js';
import { activeTaps, type StyleOptions } from '../options.js';
import { cutCore } from './cut.js';
import { layerView, type Tiling, type Window } from './partition.js';
import {
  GuidanceWindows,
  type RecordedStatistics,
  recordAdd,
  recordStatistics,
  termFeatures,
  termScale,
} from './statistics.js';
import { WindowFeatures } from './window.js';

/** Label of the dispatch that adds a window's gradient to the picture's. */
export const ADD_GRADIENT = 'gradient:add window';

/** What a step over windows records, and the tensors that its programs hand to each other. */
export interface RecordedPasses {
  /** Of each window: adds to the Gram matrices of the whole picture. Undefined without style. */
  readonly statistics: RecordedStatistics | undefined;
  /** Once: the gradients of the style losses with respect to those matrices. */
  readonly judge: readonly Dispatch<Tensor>[];
  /** Of each window: adds to the picture's gradient and to the content losses. */
  readonly gradient: { readonly dispatches: readonly Dispatch<Tensor>[]; readonly masked: readonly string[] };
  /** Once: total variation, the update, and every loss. */
  readonly finish: readonly Dispatch<Tensor>[];
  readonly series: ReadonlyMap<string, Tensor>;
  /** Cleared at the start of a step, beside the statistics: the picture's gradient, the content losses. */
  readonly sums: readonly Tensor[];
  readonly inputs: WindowInputs;
  /** Pinned here, the statistics' own apart. */
  readonly pinned: readonly Tensor[];
  /** Arithmetic of one window's forward pass. */
  readonly flops: number;
}

/** What is written from the CPU for each window: the content's features and the regions. */
export class WindowInputs {
  readonly guidance: GuidanceWindows;
  private readonly targets: { readonly term: ContentTerm; readonly tensor: Tensor }[] = [];

  constructor(private readonly store: PinStore) {
    this.guidance = new GuidanceWindows(store);
  }

  /** The content's features in a window of the map's `shape`, zero outside the core as the picture's own. */
  targetOf(term: ContentTerm, shape: readonly number[]): Tensor {
    const t = this.store.pin(tensor(`tile.target.${term.layer}`, shape, { lifetime: 'pinned' }));
    this.targets.push({ term, tensor: t });
    return t;
  }

  /** Writes the content's features for a window. */
  writeTargets(store: TensorStore, net: string, window: Window): void {
    for (const { term, tensor: t } of this.targets) {
      const [, , height, width] = term.target.shape as unknown as [number, number, number, number];
      const [, , h, w] = t.shape as unknown as [number, number, number, number];
      const view = layerView(net, term.layer, window);
      store.write(t, cutCore(term.target.values, { height, width }, view, { height: h, width: w }));
    }
  }

  release(): void {
    this.guidance.release();
    for (const { tensor: t } of this.targets) this.store.release(t);
  }
}

/** Records all programs of a step of `iterate` over the windows of `tiling`; styles are compared by Gram matrices. */
export function recordPasses(
  target: Target,
  store: PinStore,
  net: Net,
  iterate: Iterate,
  tiling: Tiling,
  targets: Targets,
  o: StyleOptions,
): RecordedPasses {
  const pinned: Tensor[] = [];
  const pin = (name: string, shape: readonly number[]): Tensor => {
    const t = store.pin(tensor(name, shape, { lifetime: 'pinned' }));
    pinned.push(t);
    return t;
  };
  const constant = constantsIn(store, pinned);
  const inputs = new WindowInputs(store);
  const content = contentTerms(targets, o);
  const style = styleTerms(targets, o);
  const { image } = iterate;

  const statistics =
    style.length > 0
      ? recordStatistics(target, store, net, image, tiling, style, inputs.guidance, o)
      : undefined;
  const grams = statistics?.sums ?? new Map<string, Tensor>();
  const seeds = new Map([...grams].map(([name, g]) => [name, pin(`d(${g.name})`, g.shape)]));
  const losses = new Map(content.map(({ layer }) => [layer, pin(`sum.content.${layer}`, [1])]));
  const gradient = pin('gradient', image.shape);

  const second = recordGradient(
    target,
    net,
    image,
    tiling,
    { content, style, seeds, losses, gradient },
    inputs,
    o,
  );
  const last = recordFinish(target, iterate, { content, style, grams, losses, gradient }, constant, o);
  return {
    statistics,
    judge: recordJudge(target, grams, seeds, style, constant, o),
    gradient: second,
    finish: last.dispatches,
    series: last.series,
    sums: [gradient, ...losses.values()],
    inputs,
    pinned,
    flops: second.flops,
  };
}

function styleLosses(
  tape: Tape,
  grams: ReadonlyMap<string, Tensor>,
  terms: readonly StyleTerm[],
  constant: Constant,
  o: StyleOptions,
) {
  return terms.flatMap(({ name, weight, target }) => {
    // The other kind was refused with the options.
    if (target.kind !== 'gram') return [];
    return [[gramLoss(tape, constant, name, grams.get(name)!, target, o), weight] as const];
  });
}

/** dJ/dG of every Gram matrix of the whole picture, into the pinned seeds. */
function recordJudge(
  target: Target,
  grams: ReadonlyMap<string, Tensor>,
  seeds: ReadonlyMap<string, Tensor>,
  terms: readonly StyleTerm[],
  constant: Constant,
  o: StyleOptions,
): Dispatch<Tensor>[] {
  const tape = new Tape(target);
  const style = weightedSum(tape, 'style', styleLosses(tape, grams, terms, constant, o));
  if (!style) return [];
  const loss = weightedSum(tape, 'total', [[style, o.styleWeight]])!;
  const gradients = tape.backward(loss, [...grams.values()]);
  for (const [name, g] of grams) {
    tape.emit(weightedAddDispatch(`seed of ${name}`, target, seeds.get(name)!, gradients.get(g)!, 1));
  }
  return withoutUnused(tape.dispatches);
}

interface GradientParts {
  readonly content: readonly ContentTerm[];
  readonly style: readonly StyleTerm[];
  readonly seeds: ReadonlyMap<string, Tensor>;
  readonly losses: ReadonlyMap<string, Tensor>;
  readonly gradient: Tensor;
}

/**
 * One window again: the gradient of its core's part of J with respect to the window's picture. Only the gradients of
 * its Gram matrices are computed; their values are those of the statistics pass.
 */
function recordGradient(
  target: Target,
  net: Net,
  image: Tensor,
  tiling: Tiling,
  { content, style, seeds, losses, gradient }: GradientParts,
  inputs: WindowInputs,
  o: StyleOptions,
) {
  const tape = new Tape(target);
  const features = new WindowFeatures(tape, net, image, tiling, activeTaps(o), o);
  const { flops } = tape;
  const starts = new Map<Tensor, Tensor>();
  const contentLosses = content.map((term) => {
    const x = features.core(term.layer);
    const goal = inputs.targetOf(term, x.shape);
    const { layer, scale, weight } = term;
    const loss = tape.record(squaredError, `content:${layer}`, { x, target: goal }, { scale });
    recordAdd(tape, losses.get(layer)!, loss);
    return [loss, weight * o.contentWeight] as const;
  });
  const [, , height, width] = image.shape as unknown as [number, number, number, number];
  for (const term of style) {
    const x = termFeatures(tape, features, inputs.guidance, term);
    const scale = termScale(net.name, term, x.shape[1]!, { height, width });
    starts.set(tape.record(gram, `gram:${term.name}`, { x }, { scale }), seeds.get(term.name)!);
  }
  const sum = weightedSum(tape, 'content', contentLosses);
  const fills: Dispatch<Tensor>[] = [];
  if (sum) {
    const one = tensor('d(content)', [1]);
    fills.push(fillDispatch('seed:content', one, 1));
    starts.set(sum, one);
  }
  const dy = tape.pullBack(starts, [features.picture], fills).get(features.picture)!;
  tape.emit(addAtDispatch(ADD_GRADIENT, target, dy, gradient, { top: 0, left: 0 }));
  return { dispatches: withoutUnused(tape.dispatches), masked: features.masked, flops };
}

/** Total variation of the whole picture, the optimiser's update, and all losses from the sums. */
function recordFinish(
  target: Target,
  { image, optimizer }: Iterate,
  parts: {
    readonly content: readonly ContentTerm[];
    readonly style: readonly StyleTerm[];
    readonly grams: ReadonlyMap<string, Tensor>;
    readonly losses: ReadonlyMap<string, Tensor>;
    readonly gradient: Tensor;
  },
  constant: Constant,
  o: StyleOptions,
) {
  const tape = new Tape(target);
  const series = new Map<string, Tensor>();
  const contentLosses = parts.content.map(({ layer, weight }) => {
    series.set(`content:${layer}`, parts.losses.get(layer)!);
    return [parts.losses.get(layer)!, weight] as const;
  });
  const losses = styleLosses(tape, parts.grams, parts.style, constant, o);
  for (const [i, [loss]] of losses.entries()) series.set(`style:${parts.style[i]!.name}`, loss);
  const total = recordTotal(tape, series, image, contentLosses, losses, o);
  let gradient = parts.gradient;
  if (o.tvWeight > 0) {
    // Of the total, only total variation depends on the picture here.
    const smooth = tape.backward(total, [image]).get(image)!;
    gradient = tensor('gradient.all', image.shape);
    tape.emit(weightedAddDispatch('gradient:add tv', target, gradient, parts.gradient, 1, smooth, 1));
  }
  optimizer.record(tape, image, gradient);
  return { dispatches: tape.dispatches, series };
}
