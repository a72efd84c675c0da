// Which way of computing a convolution is fastest, from the adapter and the shapes alone.
import { ceilDiv } from '../base/shape.js';
import { bucketOf, type Tunable } from '../gpu/choices.js';
import type { Target } from '../gpu/kernel.js';

/** `winogradM` is F(M x M, 3x3): 3x3 windows of stride 1, padded by at most 2, only. */
export type ConvAlgorithm = 'direct' | 'winograd2' | 'winograd4';

/** N pictures, C input and K output channels, an R x S window, zero padding and P x Q outputs. */
export interface ConvShape {
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly r: number;
  readonly s: number;
  readonly stride: number;
  readonly pad: number;
  readonly p: number;
  readonly q: number;
}

/** Whether Winograd's algorithms can compute it and its gradient, whose padding is 2 - pad. */
export function winogradApplies({
  r,
  s,
  stride,
  pad,
}: Pick<ConvShape, 'r' | 's' | 'stride' | 'pad'>): boolean {
  return r === 3 && s === 3 && stride === 1 && pad >= 0 && pad <= 2;
}

/** Below so many channels the transforms cost more than the products that they spare. */
const LEAST_CHANNELS = 32;

/** Tiles that the matrix product computes at least: two for each of 8 lanes. */
const GRAIN = 16;

/**
 * The fastest algorithm on a CPU rasteriser as measured on llvmpipe; direct on GPUs, where Winograd has not been
 * measured. F(4x4) needs 36 products per tile of 16 outputs and F(2x2) 16 per tile of 4, but small maps do not
 * fill the tiles that are computed.
 */
function defaultAlgorithm(target: Target, shape: ConvShape): ConvAlgorithm {
  if (!target.cpu || !winogradApplies(shape)) return 'direct';
  if (Math.min(shape.c, shape.k) < LEAST_CHANNELS) return 'direct';
  const products = (m: number) => {
    const tiles = shape.n * ceilDiv(shape.p, m) * ceilDiv(shape.q, m);
    return (m + 2) ** 2 * GRAIN * ceilDiv(tiles, GRAIN);
  };
  if (products(4) < products(2) && filtersFit(target, shape, 4)) return 'winograd4';
  return filtersFit(target, shape, 2) ? 'winograd2' : 'direct';
}

/** Transformed filters are (m+2)^2 times as many values as channels, in one binding. */
function filtersFit(target: Target, { c, k }: ConvShape, m: number): boolean {
  return (m + 2) ** 2 * 16 * ceilDiv(c, 4) * 4 * ceilDiv(k, 4) <= target.maxBindingBytes;
}

/** The algorithms that apply, the default first. */
export function convTunable(target: Target, shape: ConvShape): Tunable {
  const { n, c, k, r, s, stride, p, q } = shape;
  const winograd = ([2, 4] as const).filter((m) => winogradApplies(shape) && filtersFit(target, shape, m));
  const all = ['direct', ...winograd.map((m) => `winograd${m}`)];
  return {
    family: 'conv2d',
    bucket: `${r}x${s}s${stride} c${bucketOf(c)} k${bucketOf(k)} px${bucketOf(n * p * q)}`,
    candidates: [...new Set([defaultAlgorithm(target, shape), ...all])],
    // Winograd's derived bound (src/reference/winograd.ts) over that of direct summation, by input channels.
    tolerance: { winograd2: 1 + 16 / c, winograd4: 24 + 480 / c },
  };
}
