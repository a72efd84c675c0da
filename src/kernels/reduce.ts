// Sums in fixed order: many threads each add a fixed, strided range, then one thread adds what they found.
import { type PartialSumVariant, partialSum } from '../../shaders/partial_sum.wgsl.js';
import { type ReduceSumVariant, reduceSum as reduceSumShader } from '../../shaders/reduce_sum.wgsl.js';
import {
  type ReduceSumBackwardVariant,
  reduceSumBackward as reduceSumBackwardShader,
} from '../../shaders/reduce_sum_backward.wgsl.js';
import { geometryOf } from '../base/layout.js';
import { ceilDiv, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Dispatch,
  dispatch,
  type KernelSpec,
  LINEAR_WORKGROUP,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';
import type { OpContext, OpSpec } from './op.js';

/** One stage of a sum of everything, in fixed order. */
export const reduceSumKernel: KernelSpec<ReduceSumVariant> = {
  name: 'reduce_sum',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', threads: 'u32', scale: 'f32' },
  shader: reduceSumShader,
  variants: [{ last: false }, { last: true }],
};

/** dx = scale*dy[0] at every element. */
export const reduceSumBackwardKernel: KernelSpec<ReduceSumBackwardVariant> = {
  name: 'reduce_sum_backward',
  bindings: () => ({ dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32', C: 'u32', H: 'u32', W: 'u32', scale: 'f32' },
  shader: reduceSumBackwardShader,
  variants: [{ image: true }, { image: false }],
};

/** Adds the splits of a reduction in order: y[i,j] = scale * sum_split partials[split,i,j]. */
export const partialSumKernel: KernelSpec<PartialSumVariant> = {
  name: 'partial_sum',
  bindings: () => ({ partials: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32', pitch: 'u32', width: 'u32', splits: 'u32', scale: 'f32' },
  shader: partialSum,
  variants: [{ triangle: 0 }, { triangle: 2 }],
};

/** Largest number of vec4 that one thread adds alone at the end of a sum. */
const LAST = 256;

/** Threads of the first stage of a sum over `vec4s` vec4: a fixed number, so that the order is fixed too. */
export function reduceThreads(vec4s: number): number {
  return LINEAR_WORKGROUP * Math.min(128, Math.max(1, ceilDiv(vec4s, 32 * LINEAR_WORKGROUP)));
}

/** y [1] = scale * sum of every float of `x`, padding included (it is zero). */
export function reduceSumDispatch(
  label: string,
  ctx: OpContext,
  x: Tensor,
  y: Tensor,
  scale: number,
): Dispatch<Tensor>[] {
  const list: Dispatch<Tensor>[] = [];
  let source = x;
  let count = geometryOf(x.shape, x.layout).vec4s;
  while (count > LAST) {
    const threads = reduceThreads(count);
    const partials = ctx.scratch('partials', [4 * threads]);
    const params = { count, threads, scale: 1 };
    list.push(
      dispatch(reduceSumKernel, { last: false }, label, { x: source, y: partials }, params, [
        threads / LINEAR_WORKGROUP,
        1,
        1,
      ]),
    );
    source = partials;
    count = threads;
  }
  list.push(
    dispatch(
      reduceSumKernel,
      { last: true },
      label,
      { x: source, y },
      { count, threads: 1, scale },
      [1, 1, 1],
    ),
  );
  return list;
}

/** y = scale * sum over axis 0 of `partials` [splits, ...], which may have more rows than y wants. */
export function partialSumDispatch(
  label: string,
  target: Target,
  partials: Tensor,
  y: Tensor,
  scale: number,
  triangle = 0,
): Dispatch<Tensor> {
  const splits = partials.shape[0]!;
  const { vec4s: count } = geometryOf(y.shape, y.layout);
  const pitch = geometryOf(partials.shape, partials.layout).vec4s / splits;
  const width = ceilDiv(y.shape.at(-1) ?? 1, 4);
  const grid = linearGrid(count, target);
  return dispatch(
    partialSumKernel,
    { triangle },
    label,
    { partials, y },
    { count, stride: grid.stride, pitch, width, splits, scale },
    grid.workgroups,
  );
}

/** y [1] = scale * sum of all elements of x, any shape. */
export const reduceSum: OpSpec<{ scale: number }> = {
  name: 'reduce_sum',
  inputs: ['x'],
  saves: [],
  output: () => ({ shape: [1], layout: 'flat' }),
  forward: (t, { scale }, ctx) =>
    reduceSumDispatch(`reduce_sum:forward at ${ctx.where}`, ctx, t.x!, t.y!, scale),
  backward: {
    x(t, { scale }, ctx) {
      const dx = t.dx!;
      const image = dx.layout === 'image';
      const { vec4s: count } = geometryOf(dx.shape, dx.layout);
      const grid = linearGrid(count, ctx.target);
      const [C, H, W] = image ? dx.shape.slice(1) : [dx.shape.at(-1) ?? 1, 0, 0];
      return [
        dispatch(
          reduceSumBackwardKernel,
          { image },
          `reduce_sum:backward:x at ${ctx.where}`,
          { dy: t.dy!, dx },
          { count, stride: grid.stride, C: C!, H: H!, W: W!, scale },
          grid.workgroups,
        ),
      ];
    },
  },
  cost: (shapes) => ({ flops: sizeOf(shapes.x!), bytes: 4 * sizeOf(shapes.x!) }),
};
