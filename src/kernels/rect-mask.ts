// A rectangle of a picture, zero around it.
import { rectMask as shader } from '../../shaders/rect_mask.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpContext, OpSpec } from './op.js';

/** Rows top..bottom-1 and columns left..right-1. */
export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** Copies what lies in the rectangle and writes zero elsewhere. */
export const rectMaskKernel: KernelSpec<Record<string, never>> = {
  name: 'rect_mask',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { H: 'u32', W: 'u32', top: 'u32', left: 'u32', bottom: 'u32', right: 'u32' },
  shader,
  variants: [{}],
};

/**
 * y = x [N,C,H,W] inside the rectangle, 0 outside; dx = dy inside, 0 outside. The rectangle may be empty. A program
 * moves it with `setParams` under the labels of the forward and the backward dispatch (`rectMaskLabels`).
 */
export const rectMask: OpSpec<Rectangle> = {
  name: 'rect_mask',
  inputs: ['x'],
  saves: [],
  output(shapes, { top, left, bottom, right }, where) {
    const place = `rect_mask at ${where}`;
    const [, , h, w] = nchw(place, shapes.x!);
    for (const [name, begin, end, extent] of [
      ['rows', top, bottom, h],
      ['columns', left, right, w],
    ] as const) {
      const integers = Number.isInteger(begin) && Number.isInteger(end);
      if (!integers || begin < 0 || begin > end || end > extent) {
        throw new ShapeError(
          `${place}: ${name} must be 0 <= begin <= end <= ${extent}, got ${begin}..${end}; x ${formatShape(shapes.x!)}`,
        );
      }
    }
    return { shape: shapes.x!, layout: 'image' };
  },
  forward: (t, attrs, ctx) => [maskDispatch(rectMaskLabels(ctx.where)[0], ctx, t.x!, t.y!, attrs)],
  backward: {
    x: (t, attrs, ctx) => [maskDispatch(rectMaskLabels(ctx.where)[1], ctx, t.dy!, t.dx!, attrs)],
  },
  cost: (shapes) => ({ flops: 0, bytes: 8 * sizeOf(shapes.x!) }),
};

/** Labels of the forward and the backward dispatch of the op at `where`. */
export function rectMaskLabels(where: string): readonly [string, string] {
  return [`rect_mask:forward at ${where}`, `rect_mask:backward:x at ${where}`];
}

function maskDispatch(
  label: string,
  ctx: OpContext,
  x: Tensor,
  y: Tensor,
  { top, left, bottom, right }: Rectangle,
): Dispatch<Tensor> {
  const [n, c, H, W] = nchw(label, x.shape);
  const grid = imageGrid(label, ctx.target, W, H, n * ceilDiv(c, 4));
  return dispatch(rectMaskKernel, {}, label, { x, y }, { H, W, top, left, bottom, right }, grid);
}
