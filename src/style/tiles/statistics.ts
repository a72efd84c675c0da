// Gram matrices of a whole picture, added up over its windows.
import { type Tensor, tensor } from '../../base/tensor.js';
import type { Target } from '../../gpu/kernel.js';
import type { PinStore, TensorStore } from '../../gpu/store.js';
import { Program } from '../../graph/program.js';
import type { SharedMemory } from '../../graph/shared-memory.js';
import { Tape } from '../../graph/tape.js';
import { weightedAddDispatch } from '../../kernels/arithmetic.js';
import { gram } from '../../kernels/gram.js';
import { spatialScale } from '../../kernels/spatial-scale.js';
import type { Net } from '../../nets/net.js';
import { gramScale } from '../objective.js';
import type { StyleOptions } from '../options.js';
import type { LayerRegion } from '../targets.js';
import { cutCore } from './cut.js';
import { type Extents, layerExtents, layerView, type Tiling, type Window } from './partition.js';
import { moveTo, WindowFeatures } from './window.js';

/** One Gram matrix: of a layer, of a region of it where there is guidance. */
export interface GramTerm {
  readonly name: string;
  readonly layer: string;
  readonly guidance: LayerRegion | undefined;
}

/** Each region's guidance in a window, zero outside the core: it is the core's mask too. */
export class GuidanceWindows {
  private readonly masks = new Map<string, { term: GramTerm; mask: Tensor }>();

  constructor(private readonly store: PinStore) {}

  /** The mask of a term with guidance, [1,1,h,w] of the window's map. */
  maskOf(term: GramTerm, { height, width }: Extents): Tensor {
    const known = this.masks.get(term.name);
    if (known) return known.mask;
    const shape = [1, 1, height, width];
    const mask = this.store.pin(tensor(`tile.guidance.${term.name}`, shape, { lifetime: 'pinned' }));
    this.masks.set(term.name, { term, mask });
    return mask;
  }

  /** Writes every mask for a window. */
  write(store: TensorStore, net: string, window: Window): void {
    for (const { term, mask } of this.masks.values()) {
      const [, , height, width] = term.guidance!.shape;
      const [, , h, w] = mask.shape as unknown as [number, number, number, number];
      const view = layerView(net, term.layer, window);
      store.write(mask, cutCore(term.guidance!.values, { height, width }, view, { height: h, width: w }));
    }
  }

  release(): void {
    for (const { mask } of this.masks.values()) this.store.release(mask);
  }
}

/** Features of a term in a window's core, weighted by the region's guidance where there is one. */
export function termFeatures(
  tape: Tape,
  features: WindowFeatures,
  guidance: GuidanceWindows,
  term: GramTerm,
): Tensor {
  if (!term.guidance) return features.core(term.layer);
  const x = features.all(term.layer);
  const [, , height, width] = x.shape as unknown as [number, number, number, number];
  const mask = guidance.maskOf(term, { height, width });
  return tape.record(spatialScale, `guided:${term.name}`, { x, mask }, {});
}

/** The factor on a term's sum over the whole picture of `size`. */
export function termScale(net: string, term: GramTerm, channels: number, size: Extents): number {
  const { height, width } = layerExtents(net, term.layer, size);
  return gramScale(channels, term.guidance?.weight ?? height * width);
}

/** Adds `value` to the pinned `sum`, through a tensor between: a dispatch cannot read what it writes. */
export function recordAdd(tape: Tape, sum: Tensor, value: Tensor): void {
  const next = tensor(`${sum.name}.next`, sum.shape, { layout: sum.layout });
  tape.emit(
    weightedAddDispatch(`add to ${sum.name}`, tape.target, next, sum, 1, value, 1),
    weightedAddDispatch(`keep ${sum.name}`, tape.target, sum, next, 1),
  );
}

/** A statistics pass as recorded: what it adds to, and what has to be moved. */
export interface RecordedStatistics {
  readonly tape: Tape;
  /** Pinned Gram matrices [C,C] by term name. */
  readonly sums: ReadonlyMap<string, Tensor>;
  readonly masked: readonly string[];
  /** Arithmetic of one window's forward pass. */
  readonly flops: number;
}

/** Records one window's part of the Gram matrices of `image` [1,3,H,W]. */
export function recordStatistics(
  target: Target,
  store: PinStore,
  net: Net,
  image: Tensor,
  tiling: Tiling,
  terms: readonly GramTerm[],
  guidance: GuidanceWindows,
  o: StyleOptions,
): RecordedStatistics {
  const tape = new Tape(target);
  const layers = [...new Set(terms.map(({ layer }) => layer))];
  const features = new WindowFeatures(tape, net, image, tiling, layers, o);
  const { flops } = tape;
  const [, , height, width] = image.shape as unknown as [number, number, number, number];
  const sums = new Map<string, Tensor>();
  for (const term of terms) {
    const x = termFeatures(tape, features, guidance, term);
    const channels = x.shape[1]!;
    const scale = termScale(net.name, term, channels, { height, width });
    const part = tape.record(gram, `gram:${term.name}`, { x }, { scale });
    const sum = store.pin(tensor(`sum.gram.${term.name}`, [channels, channels], { lifetime: 'pinned' }));
    sums.set(term.name, sum);
    recordAdd(tape, sum, part);
  }
  return { tape, sums, masked: features.masked, flops };
}

/** Owns the program that adds up Gram matrices window by window, and the sums. */
export class StatisticsPass {
  private constructor(
    private readonly store: TensorStore,
    private readonly net: Net,
    private readonly recorded: RecordedStatistics,
    private readonly program: Program,
  ) {}

  /** The caller writes the guidance for each window; with `memory`, slots lie where those of other programs do. */
  static async create(
    store: TensorStore,
    net: Net,
    recorded: RecordedStatistics,
    memory?: SharedMemory,
  ): Promise<StatisticsPass> {
    const program = await Program.compile(store, recorded.tape.dispatches, {
      label: 'statistics of a tile',
      ...(memory ? { memory } : {}),
    });
    return new StatisticsPass(store, net, recorded, program);
  }

  get sums(): ReadonlyMap<string, Tensor> {
    return this.recorded.sums;
  }

  /** Begins a new sum. */
  clear(): void {
    for (const t of this.sums.values()) this.store.clear(t);
  }

  /** Submits one window. */
  run(window: Window): void {
    moveTo(this.program, this.net.name, this.recorded.masked, window, false);
    this.program.run();
  }

  destroy(): void {
    this.program.destroy();
    for (const t of this.sums.values()) this.store.release(t);
  }
}
