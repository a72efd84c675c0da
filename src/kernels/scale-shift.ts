// A factor and a summand per channel: the nets' input conventions.
import { type ScaleShiftVariant, scaleShift as shader } from '../../shaders/scale_shift.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Bindings, type Dispatch, dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpContext, OpSpec } from './op.js';

/** y = x * scale[c] (+ shift[c]). */
export const scaleShiftKernel: KernelSpec<ScaleShiftVariant> = {
  name: 'scale_shift',
  bindings: (v): Bindings =>
    v.shift
      ? { x: 'read', scale: 'read', shift: 'read', y: 'read_write' }
      : { x: 'read', scale: 'read', y: 'read_write' },
  params: { C4: 'u32', H: 'u32', W: 'u32' },
  shader,
  variants: [{ shift: true }, { shift: false }],
};

/** y = x * scale + shift: x [N,C,H,W], scale and shift [C]. Only x has a gradient: dx = dy * scale. */
export const scaleShift: OpSpec<Record<string, never>> = {
  name: 'scale_shift',
  inputs: ['x', 'scale', 'shift'],
  saves: ['scale'],
  output(shapes, _attrs, where) {
    const [, c] = nchw(`scale_shift at ${where}`, shapes.x!);
    for (const name of ['scale', 'shift']) {
      const shape = shapes[name]!;
      if (shape.length !== 1 || shape[0] !== c) {
        throw new ShapeError(
          `scale_shift at ${where}: ${name} must be [${c}], got ${formatShape(shape)}; x ${formatShape(shapes.x!)}`,
        );
      }
    }
    return { shape: shapes.x!, layout: 'image' };
  },
  forward: (t, _attrs, ctx) => [
    scaleShiftDispatch('forward', ctx, { x: t.x!, scale: t.scale!, shift: t.shift!, y: t.y! }),
  ],
  backward: {
    x: (t, _attrs, ctx) => [scaleShiftDispatch('backward:x', ctx, { x: t.dy!, scale: t.scale!, y: t.dx! })],
  },
  cost: (shapes) => ({ flops: 2 * sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

function scaleShiftDispatch(
  direction: string,
  ctx: OpContext,
  buffers: { x: Tensor; scale: Tensor; shift?: Tensor; y: Tensor },
): Dispatch<Tensor> {
  const label = `scale_shift:${direction} at ${ctx.where}`;
  const [n, c, H, W] = nchw(label, buffers.x.shape);
  const C4 = ceilDiv(c, 4);
  const grid = imageGrid(label, ctx.target, W, H, n * C4);
  return dispatch(
    scaleShiftKernel,
    { shift: buffers.shift !== undefined },
    label,
    { ...buffers },
    { C4, H, W },
    grid,
  );
}
