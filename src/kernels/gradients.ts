// What happens to the gradients of many weights between the backward pass and the update: adding up, norm, clipping.
import { accumulate as accumulateShader } from '../../shaders/accumulate.wgsl.js';
import { clipFactor } from '../../shaders/clip_factor.wgsl.js';
import { squareSums } from '../../shaders/square_sums.wgsl.js';
import { geometryOf } from '../base/layout.js';
import { ceilDiv } from '../base/shape.js';
import { type Tensor, tensor } from '../base/tensor.js';
import {
  type Dispatch,
  dispatch,
  type KernelSpec,
  LINEAR_WORKGROUP,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';
import { reduceSumDispatch } from './reduce.js';

/** y <- x, or y + x. */
export const accumulateKernel: KernelSpec<Record<string, never>> = {
  name: 'accumulate',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32', first: 'u32' },
  shader: accumulateShader,
  variants: [{}],
};

/** Sums of squares of one tensor, in its rows of a table. */
export const squareSumsKernel: KernelSpec<Record<string, never>> = {
  name: 'square_sums',
  bindings: () => ({ x: 'read', sums: 'read_write' }),
  params: { count: 'u32', threads: 'u32', first: 'u32' },
  shader: squareSums,
  variants: [{}],
};

/** The norm of all gradients and the factor that clips it. */
export const clipFactorKernel: KernelSpec<Record<string, never>> = {
  name: 'clip_factor',
  bindings: () => ({ total: 'read', factors: 'read_write' }),
  params: { gain: 'f32', limit: 'f32' },
  shader: clipFactor,
  variants: [{}],
};

/** No limit: the largest f32. */
export const NO_LIMIT = 2 ** 128 - 2 ** 104;

/** vec4s that one thread squares, unless a tensor has more than MOST_ROWS times as many. */
const SHARE = 32;
const MOST_ROWS = 4096;

/** y <- x where the param `first` is 1 (as recorded), else y + x; equal shapes and layouts. */
export function accumulateDispatch(label: string, target: Target, x: Tensor, y: Tensor): Dispatch<Tensor> {
  const { vec4s: count } = geometryOf(y.shape, y.layout);
  const grid = linearGrid(count, target);
  return dispatch(
    accumulateKernel,
    {},
    label,
    { x, y },
    { count, stride: grid.stride, first: 1 },
    grid.workgroups,
  );
}

/**
 * factors [4] = (factor, norm, 0, 0) of all `gradients` together: norm = gain * sqrt(sum of all squares), factor = gain *
 * min(1, limit / norm), or -1 where the norm is not finite. One dispatch a tensor, and three or four more.
 */
export function clipDispatches(
  label: string,
  target: Target,
  gradients: readonly Tensor[],
  factors: Tensor,
  { gain, limit }: { gain: number; limit: number },
): Dispatch<Tensor>[] {
  const counts = gradients.map((t) => geometryOf(t.shape, t.layout).vec4s);
  const rows = counts.map((count) => Math.min(MOST_ROWS, ceilDiv(count, SHARE)));
  const sums = tensor(`${label}.sums`, [4 * rows.reduce((a, b) => a + b, 0)]);
  const total = tensor(`${label}.total`, [1]);
  const scratch = (name: string, shape: readonly number[]) => tensor(`${label}.${name}`, shape);
  let first = 0;
  const squares = gradients.map((x, i) => {
    const threads = rows[i]!;
    const params = { count: counts[i]!, threads, first };
    first += threads;
    const groups = ceilDiv(threads, LINEAR_WORKGROUP);
    return dispatch(squareSumsKernel, {}, `${label} (squares)`, { x, sums }, params, [groups, 1, 1]);
  });
  return [
    ...squares,
    ...reduceSumDispatch(`${label} (sum)`, { target, where: label, scratch }, sums, total, 1),
    dispatch(clipFactorKernel, {}, label, { total, factors }, { gain, limit }, [1, 1, 1]),
  ];
}
