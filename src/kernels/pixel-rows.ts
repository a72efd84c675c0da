// Some pixels of a map as rows: what losses compare that cannot afford all of them.
import { pixelRowsBackward } from '../../shaders/pixel_rows_backward.wgsl.js';
import { pixelRowsForward } from '../../shaders/pixel_rows_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, sameShape, sizeOf } from '../base/shape.js';
import { dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpSpec } from './op.js';

/** A grid of pixels: its rows and columns, and how many pixels lie from one to the next. */
export interface PixelGrid {
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
}

/** y[(n*P + p)*Q + q, c] = x[n, c, top[n] + p*step, left[n] + q*step]. */
export const pixelRowsForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'pixel_rows_forward',
  bindings: () => ({ x: 'read', at: 'read', y: 'read_write' }),
  params: {
    count: 'u32',
    stride: 'u32',
    C4: 'u32',
    H: 'u32',
    W: 'u32',
    P: 'u32',
    Q: 'u32',
    step: 'u32',
  },
  shader: pixelRowsForward,
  variants: [{}],
};

/** dx: rows put back where they were taken from, zero elsewhere. */
export const pixelRowsBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'pixel_rows_backward',
  bindings: () => ({ at: 'read', dy: 'read', dx: 'read_write' }),
  params: { C4: 'u32', H: 'u32', W: 'u32', P: 'u32', Q: 'u32', step: 'u32' },
  shader: pixelRowsBackward,
  variants: [{}],
};

/**
 * x [N,C,H,W] -> y [N*rows*columns, C]: the pixels of one grid in each picture, whose first one is `at` [N,2] (row and
 * column, whole numbers). The grid must lie in the picture wherever it begins: `at` is data, which nothing checks.
 */
export const pixelRows: OpSpec<PixelGrid> = {
  name: 'pixel_rows',
  inputs: ['x', 'at'],
  detached: ['at'],
  saves: ['at'],
  output(shapes, { rows, columns, step }, where) {
    const place = `pixel_rows at ${where}`;
    const [n, c, h, w] = nchw(place, shapes.x!);
    if (!sameShape(shapes.at!, [n, 2]))
      throw new ShapeError(`${place}: at must be [${n},2], got ${formatShape(shapes.at!)}`);
    const whole = [rows, columns, step].every((value) => Number.isInteger(value) && value >= 1);
    if (!whole || (rows - 1) * step >= h || (columns - 1) * step >= w) {
      throw new ShapeError(
        `${place}: a grid of ${rows}x${columns} pixels, every ${step}, must fit into x ${formatShape(shapes.x!)}`,
      );
    }
    return { shape: [n * rows * columns, c], layout: 'flat' };
  },
  forward(t, { rows: P, columns: Q, step }, ctx) {
    const label = `pixel_rows:forward at ${ctx.where}`;
    const [n, c, H, W] = nchw(label, t.x!.shape);
    const C4 = ceilDiv(c, 4);
    const count = n * P * Q * C4;
    const { workgroups, stride } = linearGrid(count, ctx.target);
    const params = { count, stride, C4, H, W, P, Q, step };
    const buffers = { x: t.x!, at: t.at!, y: t.y! };
    return [dispatch(pixelRowsForwardKernel, {}, label, buffers, params, workgroups)];
  },
  backward: {
    x(t, { rows: P, columns: Q, step }, ctx) {
      const label = `pixel_rows:backward:x at ${ctx.where}`;
      const [n, c, H, W] = nchw(label, t.dx!.shape);
      const C4 = ceilDiv(c, 4);
      const grid = imageGrid(label, ctx.target, W, H, n * C4);
      const buffers = { at: t.at!, dy: t.dy!, dx: t.dx! };
      return [dispatch(pixelRowsBackwardKernel, {}, label, buffers, { C4, H, W, P, Q, step }, grid)];
    },
  },
  cost(shapes, { rows, columns }) {
    const [n, c] = shapes.x as unknown as [number, number];
    return { flops: 0, bytes: 8 * n * c * rows * columns + 4 * sizeOf(shapes.at!) };
  },
};
