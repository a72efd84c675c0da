// How unlike two sets of features are in what content and style losses see of them: the inner products of pixels.
import { kernelErrorBackward } from '../../shaders/kernel_error_backward.wgsl.js';
import { kernelErrorForward } from '../../shaders/kernel_error_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, sameShape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import { matmulDispatch, transposeDispatch } from './matmul.js';
import type { OpContext, OpSpec } from './op.js';
import { sumSquaresDispatch } from './squared-error.js';

/** Added to the product of the norms, for features that are all zero. */
const EPSILON = 1e-12;

/** 1 - cross / (sqrt(own) sqrt(energy)). */
export const kernelErrorForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'kernel_error_forward',
  bindings: () => ({ cross: 'read', own: 'read', energy: 'read', y: 'read_write' }),
  params: { epsilon: 'f32' },
  shader: kernelErrorForward,
  variants: [{}],
};

/** The gradient with respect to x. */
export const kernelErrorBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'kernel_error_backward',
  bindings: () => ({
    cross: 'read',
    own: 'read',
    energy: 'read',
    inner: 'read',
    outer: 'read',
    dy: 'read',
    dx: 'read_write',
  }),
  params: { count: 'u32', stride: 'u32', epsilon: 'f32' },
  shader: kernelErrorBackward,
  variants: [{}],
};

/**
 * y [1] = 1 - cos(X X^T, T T^T) for x [M,C] and target [M,D]: the M x M matrices of inner products of rows (with centred
 * columns, 1 - linear CKA: Kornblith et al., arXiv 1905.00414, eq. 3 to 5). <X X^T, T T^T> = |T^T X|^2, so that no such
 * matrix is made. `energy` [1] is |T^T T|^2 (`blockEnergy`). Target and energy have no gradient.
 */
export const kernelError: OpSpec<Record<string, never>> = {
  name: 'kernel_error',
  inputs: ['x', 'target', 'energy'],
  detached: ['target', 'energy'],
  saves: ['x', 'target', 'energy'],
  output(shapes, _attrs, where) {
    const { x, target, energy } = shapes;
    if (x!.length !== 2 || target!.length !== 2 || x![0] !== target![0]) {
      throw new ShapeError(
        `kernel_error at ${where}: x [M,C] and target [M,D] must have as many rows, got ${formatShape(x!)} and ${formatShape(target!)}`,
      );
    }
    if (!sameShape(energy!, [1]))
      throw new ShapeError(`kernel_error at ${where}: energy must be [1], got ${formatShape(energy!)}`);
    return { shape: [1], layout: 'flat' };
  },
  forward(t, _attrs, ctx) {
    const label = `kernel_error:forward at ${ctx.where}`;
    const { dispatches, cross, own } = products(label, ctx, t.x!, t.target!);
    const buffers = { cross, own, energy: t.energy!, y: t.y! };
    return [
      ...dispatches,
      dispatch(kernelErrorForwardKernel, {}, label, buffers, { epsilon: EPSILON }, [1, 1, 1]),
    ];
  },
  backward: {
    x(t, _attrs, ctx) {
      const label = `kernel_error:backward:x at ${ctx.where}`;
      const { x, target } = t as { x: Tensor; target: Tensor };
      const [M, C] = x.shape as unknown as [number, number];
      const D = target.shape[1]!;
      const { dispatches, cross, own, tx, xx } = products(label, ctx, x, target);
      const turned = ctx.scratch('x turned', [C, M]);
      const turnedTarget = ctx.scratch('target turned', [D, M]);
      const inner = ctx.scratch('inner', [M, C]);
      const outer = ctx.scratch('outer', [M, C]);
      const count = M * ceilDiv(C, 4);
      const { workgroups, stride } = linearGrid(count, ctx.target);
      const buffers = { cross, own, energy: t.energy!, inner, outer, dy: t.dy!, dx: t.dx! };
      const params = { count, stride, epsilon: EPSILON };
      return [
        ...dispatches,
        transposeDispatch(`${label} (turn x)`, ctx.target, x, turned),
        matmulDispatch(`${label} (x products)`, ctx.target, { at: turned, b: xx, y: inner }),
        transposeDispatch(`${label} (turn target)`, ctx.target, target, turnedTarget),
        matmulDispatch(`${label} (target products)`, ctx.target, { at: turnedTarget, b: tx, y: outer }),
        dispatch(kernelErrorBackwardKernel, {}, label, buffers, params, workgroups),
      ];
    },
  },
  cost(shapes) {
    const [m, c] = shapes.x as unknown as [number, number];
    const d = shapes.target![1]!;
    return { flops: m * (c * c + 2 * c * d), bytes: 4 * m * (c + d) };
  },
};

/** T^T X and X^T X, and the squared norms of these. */
function products(label: string, ctx: OpContext, x: Tensor, target: Tensor) {
  const C = x.shape[1]!;
  const D = target.shape[1]!;
  const tx = ctx.scratch('tx', [D, C]);
  const xx = ctx.scratch('xx', [C, C]);
  const dispatches: Dispatch<Tensor>[] = [
    matmulDispatch(`${label} (cross)`, ctx.target, { at: target, b: x, y: tx }),
    matmulDispatch(`${label} (own)`, ctx.target, { at: x, b: x, y: xx }, { symmetric: true }),
  ];
  const square = (name: string, of: Tensor) => {
    const sum = ctx.scratch(name, [1]);
    dispatches.push(...sumSquaresDispatch(label, ctx, of, sum, 1));
    return sum;
  };
  return { tx, xx, cross: square('cross', tx), own: square('own', xx), dispatches };
}
