// Parts of a picture at a net's size, sampled on the GPU.
import { type Tensor, tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { affineWarp } from '../kernels/affine-warp.js';
import { avgPool2d } from '../kernels/pool2d.js';
import type { Affine } from './affine.js';

/** Pixels of the source that a pixel of the result stands for, along one side. */
export function shrinkage([a, b, , d, e]: Affine): number {
  return Math.sqrt(Math.abs(a * e - b * d));
}

/** The averaging window that a map of this shrinkage needs first: bilinear sampling sees two pixels and skips the rest. */
export function windowFor(shrink: number): number {
  return Math.max(1, Math.floor(shrink));
}

/** The map onto a source that was averaged over windows of `window` pixels. */
export function onAveraged([a, b, c, d, e, f]: Affine, window: number): Affine {
  const offset = (window - 1) / 2;
  return [a / window, b / window, (c - offset) / window, d / window, e / window, (f - offset) / window];
}

/** The tensors of `recordSamples`. */
export interface Samples {
  /** The picture [1,3,H,W]. */
  readonly picture: Tensor;
  /** Maps [N,2,3], result to averaged source. */
  readonly maps: Tensor;
  /** [N,3,side,side], black outside the picture. */
  readonly chips: Tensor;
}

/** Records N square samples of one picture, averaged over `window` pixels first. */
export function recordSamples(
  tape: Tape,
  shape: { readonly count: number; readonly height: number; readonly width: number },
  side: number,
  window: number,
): Samples {
  const picture = tensor('picture', [1, 3, shape.height, shape.width], { lifetime: 'pinned' });
  const maps = tensor('maps', [shape.count, 2, 3], { lifetime: 'pinned' });
  const x =
    window > 1
      ? tape.record(avgPool2d, 'average', { x: picture }, { window, stride: window, pad: 0, ceilMode: true })
      : picture;
  const attrs = { height: side, width: side, mode: 'zero' as const };
  return { picture, maps, chips: tape.record(affineWarp, 'chips', { x, matrix: maps }, attrs) };
}
