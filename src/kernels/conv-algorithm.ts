// Which way of computing a convolution is fastest, from the adapter and the shapes alone.
import type { Target } from '../gpu/kernel.js';

/** `winogradM` is F(M x M, 3x3): 3x3 windows of stride 1 only. */
export type ConvAlgorithm = 'direct' | 'winograd2' | 'winograd4';

/** N pictures, C input and K output channels, an R x S window and P x Q outputs. */
export interface ConvShape {
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly r: number;
  readonly s: number;
  readonly stride: number;
  readonly p: number;
  readonly q: number;
}

/** Whether Winograd's algorithms can compute it at all. */
export function winogradApplies({ r, s, stride }: Pick<ConvShape, 'r' | 's' | 'stride'>): boolean {
  return r === 3 && s === 3 && stride === 1;
}

export function chooseConvAlgorithm(target: Target, shape: ConvShape): ConvAlgorithm {
  if (!target.cpu || !winogradApplies(shape)) return 'direct';
  if (Math.min(shape.c, shape.k) < 32) return 'direct';
  const tiles = shape.n * Math.ceil(shape.p / 4) * Math.ceil(shape.q / 4);
  return tiles >= 16 ? 'winograd4' : 'winograd2';
}
