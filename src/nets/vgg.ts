// The VGG family as tables (Simonyan & Zisserman, arXiv 1409.1556): any prefix, taps by the papers' names.
import { InputError } from '../base/errors.js';
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { conv2d } from '../kernels/conv2d.js';
import { pad2d } from '../kernels/pad2d.js';
import { avgPool2d, maxPool2d } from '../kernels/pool2d.js';
import { relu } from '../kernels/relu.js';

/** Convolutions per block; a 2x2 pooling stands between blocks. */
const DEPTHS: Readonly<Record<string, readonly number[]>> = {
  vgg19: [2, 2, 4, 4, 4],
  vgg16: [2, 2, 3, 3, 3],
  'vgg19-slim': [2, 2, 4, 4, 1],
};

/** Names of the nets that have a table here. */
export const VGG_NETS = Object.keys(DEPTHS);

/** One layer of a table: a convolution with its ReLU (`tap`), or a 2x2 pooling; blocks count from 1. */
export type Layer =
  | { readonly kind: 'conv'; readonly name: string; readonly tap: string; readonly block: number }
  | { readonly kind: 'pool'; readonly name: string; readonly block: number };

/** What may differ between runs of one net. */
export interface VggOptions {
  readonly pooling: 'max' | 'average';
  /** Factor behind average pooling (2 restores about the magnitude that max pooling gives). */
  readonly poolingScale?: number;
  /** What conv1_1 sees beyond the picture's edge: zero as in training, or the edge pixels again. */
  readonly padding: 'zero' | 'replicate';
}

/** All layers of a net in order: conv1_1, conv1_2, pool1, conv2_1, … */
export function vggLayers(net: string): Layer[] {
  const depths = DEPTHS[net];
  if (!depths) throw new InputError(`there is no net ${net}; choose one of ${VGG_NETS.join(', ')}`);
  return depths.flatMap((depth, b): Layer[] => {
    const block = b + 1;
    const convs = Array.from({ length: depth }, (_, i): Layer => {
      const suffix = `${block}_${i + 1}`;
      return { kind: 'conv', name: `conv${suffix}`, tap: `relu${suffix}`, block };
    });
    return block < depths.length ? [...convs, { kind: 'pool', name: `pool${block}`, block }] : convs;
  });
}

/** Names that may be tapped: convX_Y before and reluX_Y after the rectifier, poolX. */
export function vggTaps(net: string): string[] {
  return vggLayers(net).flatMap((layer) => (layer.kind === 'conv' ? [layer.name, layer.tap] : [layer.name]));
}

/** The layers up to the deepest of `taps`; InputError for an unknown tap or a net that is cut before it. */
export function vggPrefix(net: string, taps: readonly string[]): Layer[] {
  const layers = vggLayers(net);
  let end = 0;
  for (const tap of taps) {
    const at = layers.findIndex(
      (layer) => layer.name === tap || (layer.kind === 'conv' && layer.tap === tap),
    );
    if (at < 0) {
      const known = vggTaps(net).filter((name) => name.startsWith('relu'));
      throw new InputError(
        `${net} has no layer ${tap}; it has ${known[0]} … ${known.at(-1)} (and conv…, pool…)`,
      );
    }
    end = Math.max(end, at + 1);
  }
  return layers.slice(0, end);
}

/** Smallest side that survives the poolings before the deepest tap: 2^poolings. */
export function vggMinimumSide(net: string, taps: readonly string[]): number {
  return 2 ** Math.max(0, ...taps.map((tap) => vggPoolings(net, tap)));
}

/**
 * How many pixels beyond its own block of 2^poolings pixels a value of the deepest tap depends on, to each side: every
 * 3x3 convolution adds one pixel of its own map, 2^(block-1) of the picture's. Poolings add none: their windows tile
 * the map.
 */
export function vggReach(net: string, taps: readonly string[]): number {
  return vggPrefix(net, taps).reduce(
    (sum, layer) => (layer.kind === 'conv' ? sum + 2 ** (layer.block - 1) : sum),
    0,
  );
}

/** Poolings before a tap, that of its own name included: a pixel of it stands for 2^poolings pixels on each axis. */
export function vggPoolings(net: string, tap: string): number {
  return vggPrefix(net, [tap]).filter((layer) => layer.kind === 'pool').length;
}

/** A net's convolution weights on the GPU, by the papers' names. */
export interface ConvWeights {
  /** The filters of `layer`. */
  weight(name: string): Tensor;
  /** The bias of `layer`. */
  bias(name: string): Tensor;
}

/**
 * Records the net's prefix on `x` [N,3,H,W] (already normalised for the net) and returns the asked taps.
 * ReLU is fused into the convolution unless the value before it is tapped too.
 */
export function vggForward(
  tape: Tape,
  net: string,
  weights: ConvWeights,
  x: Tensor,
  taps: readonly string[],
  options: VggOptions,
): Map<string, Tensor> {
  const results = new Map<string, Tensor>();
  const layers = vggPrefix(net, taps);
  let value = x;
  for (const layer of layers) {
    if (layer.kind === 'pool') {
      const attrs = { window: 2, stride: 2, pad: 0 };
      value =
        options.pooling === 'max'
          ? tape.record(maxPool2d, layer.name, { x: value }, attrs)
          : tape.record(avgPool2d, layer.name, { x: value }, { ...attrs, scale: options.poolingScale ?? 1 });
      results.set(layer.name, value);
      continue;
    }
    const raw = taps.includes(layer.name);
    let input = value;
    let pad = 1;
    if (layer.name === 'conv1_1' && options.padding === 'replicate') {
      input = tape.record(
        pad2d,
        'pad1_1',
        { x: value },
        { top: 1, bottom: 1, left: 1, right: 1, mode: 'replicate' },
      );
      pad = 0;
    }
    const inputs = { x: input, weight: weights.weight(layer.name), bias: weights.bias(layer.name) };
    const y = tape.record(conv2d, raw ? layer.name : layer.tap, inputs, { stride: 1, pad, relu: !raw });
    if (raw) results.set(layer.name, y);
    // Behind the deepest tap nobody reads on.
    if (raw && layer === layers.at(-1) && !taps.includes(layer.tap)) break;
    value = raw ? tape.record(relu, layer.tap, { x: y }, {}) : y;
    results.set(layer.tap, value);
  }
  return new Map(taps.map((tap) => [tap, results.get(tap)!]));
}
