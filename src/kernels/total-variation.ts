// Smoothness of a picture: the sum of the differences between neighbours.
import { totalVariationBackward } from '../../shaders/total_variation_backward.wgsl.js';
import {
  type TotalVariationVariant,
  totalVariationForward,
} from '../../shaders/total_variation_forward.wgsl.js';
import { ceilDiv, nchw, sizeOf } from '../base/shape.js';
import { dispatch, type KernelSpec, LINEAR_WORKGROUP } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpSpec } from './op.js';
import { reduceSumDispatch } from './reduce.js';

/** Form and factor of total variation. */
export interface TotalVariationAttrs {
  /** Absolute (l1) or squared (l2) differences. */
  readonly form: 'l1' | 'l2';
  /** Factor on the sum. */
  readonly scale: number;
}

/** First stage of the sum over neighbours' differences. */
export const totalVariationForwardKernel: KernelSpec<TotalVariationVariant> = {
  name: 'total_variation_forward',
  bindings: () => ({ x: 'read', partials: 'read_write' }),
  params: { planes: 'u32', H: 'u32', W: 'u32', rows: 'u32' },
  shader: totalVariationForward,
  variants: [{ form: 'l1' }, { form: 'l2' }],
};

/** Gradient of total variation, gathered over the neighbours. */
export const totalVariationBackwardKernel: KernelSpec<TotalVariationVariant> = {
  name: 'total_variation_backward',
  bindings: () => ({ x: 'read', dy: 'read', dx: 'read_write' }),
  params: { H: 'u32', W: 'u32', scale: 'f32' },
  shader: totalVariationBackward,
  variants: [{ form: 'l1' }, { form: 'l2' }],
};

/** Threads of the first stage: enough to fill a large adapter, few enough to be summed quickly. */
const THREADS = 8192;

/**
 * y [1] = scale * sum of f(difference) over all vertical and horizontal neighbours of x [N,C,H,W], in every
 * channel, without wrap-around; f is |d| (l1, whose gradient at 0 is 0) or d^2 (l2).
 */
export const totalVariation: OpSpec<TotalVariationAttrs> = {
  name: 'total_variation',
  inputs: ['x'],
  saves: ['x'],
  output(shapes, _attrs, where) {
    nchw(`total_variation at ${where}`, shapes.x!);
    return { shape: [1], layout: 'flat' };
  },
  forward(t, { form, scale }, ctx) {
    const label = `total_variation:forward at ${ctx.where}`;
    const [n, c, H, W] = nchw(label, t.x!.shape);
    const rows = ceilDiv(H, Math.min(H, ceilDiv(THREADS, W)));
    const segments = ceilDiv(H, rows);
    const partials = ctx.scratch('partials', [4 * segments * W]);
    const differences = dispatch(
      totalVariationForwardKernel,
      { form },
      label,
      { x: t.x!, partials },
      { planes: n * ceilDiv(c, 4), H, W, rows },
      [ceilDiv(W, LINEAR_WORKGROUP), segments, 1],
    );
    return [differences, ...reduceSumDispatch(label, ctx, partials, t.y!, scale)];
  },
  backward: {
    x(t, { form, scale }, ctx) {
      const label = `total_variation:backward:x at ${ctx.where}`;
      const [n, c, H, W] = nchw(label, t.x!.shape);
      const buffers = { x: t.x!, dy: t.dy!, dx: t.dx! };
      const grid = imageGrid(label, ctx.target, W, H, n * ceilDiv(c, 4));
      return [dispatch(totalVariationBackwardKernel, { form }, label, buffers, { H, W, scale }, grid)];
    },
  },
  cost: (shapes) => ({ flops: 6 * sizeOf(shapes.x!), bytes: 4 * sizeOf(shapes.x!) }),
};
