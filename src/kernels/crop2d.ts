// A rectangle of a picture, and its gradient put back in place.
import { type CropBackwardVariant, crop2dBackward } from '../../shaders/crop2d_backward.wgsl.js';
import { crop2dForward } from '../../shaders/crop2d_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, type Target } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpSpec } from './op.js';

/** First row and column of the rectangle, and its extents in pixels. */
export interface CropAttrs {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

const CROP_PARAMS = { H: 'u32', W: 'u32', P: 'u32', Q: 'u32', top: 'u32', left: 'u32' } as const;

/** Copies a rectangle. */
export const crop2dForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'crop2d_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: CROP_PARAMS,
  shader: crop2dForward,
  variants: [{}],
};

/** Puts a rectangle's gradient back, or adds it to what is there. */
export const crop2dBackwardKernel: KernelSpec<CropBackwardVariant> = {
  name: 'crop2d_backward',
  bindings: () => ({ dy: 'read', dx: 'read_write' }),
  params: CROP_PARAMS,
  shader: crop2dBackward,
  variants: [{ add: false }, { add: true }],
};

/**
 * x [N,C,H,W] -> the rectangle [N,C,height,width] that begins at (top, left). The place is no shape: a program moves
 * it with `setParams` (`top`, `left`) under the dispatch's label.
 */
export const crop2d: OpSpec<CropAttrs> = {
  name: 'crop2d',
  inputs: ['x'],
  saves: [],
  output: (shapes, attrs, where) => ({
    shape: outputShape(shapes.x!, attrs, `crop2d at ${where}`),
    layout: 'image',
  }),
  forward(t, attrs, ctx) {
    const label = `crop2d:forward at ${ctx.where}`;
    const [n, c, P, Q] = nchw(label, t.y!.shape);
    const grid = imageGrid(label, ctx.target, Q, P, n * ceilDiv(c, 4));
    const params = cropParams(t.x!, t.y!, attrs);
    return [dispatch(crop2dForwardKernel, {}, label, { x: t.x!, y: t.y! }, params, grid)];
  },
  backward: {
    x: (t, attrs, ctx) => [
      putBack(`crop2d:backward:x at ${ctx.where}`, ctx.target, t.dy!, t.dx!, attrs, false),
    ],
  },
  cost: (shapes, { height, width }) => ({
    flops: 0,
    bytes: 8 * sizeOf([...shapes.x!.slice(0, 2), height, width]),
  }),
};

/** Adds a rectangle's gradient to the whole picture's: dx [N,C,H,W] += dy [N,C,P,Q] at (top, left), in place. */
export function addAtDispatch(
  label: string,
  target: Target,
  dy: Tensor,
  dx: Tensor,
  at: { readonly top: number; readonly left: number },
): Dispatch<Tensor> {
  return putBack(label, target, dy, dx, at, true);
}

function putBack(
  label: string,
  target: Target,
  dy: Tensor,
  dx: Tensor,
  at: { readonly top: number; readonly left: number },
  add: boolean,
): Dispatch<Tensor> {
  const [n, c, height, width] = nchw(label, (add ? dy : dx).shape);
  const grid = imageGrid(label, target, width, height, n * ceilDiv(c, 4));
  return dispatch(crop2dBackwardKernel, { add }, label, { dy, dx }, cropParams(dx, dy, at), grid);
}

function cropParams(
  whole: Tensor,
  part: Tensor,
  { top, left }: { readonly top: number; readonly left: number },
): Record<string, number> {
  const [, , H, W] = nchw('crop2d', whole.shape);
  const [, , P, Q] = nchw('crop2d', part.shape);
  return { H, W, P, Q, top, left };
}

function outputShape(x: Shape, { top, left, height, width }: CropAttrs, where: string): Shape {
  const [n, c, h, w] = nchw(where, x);
  for (const [name, begin, extent, whole] of [
    ['rows', top, height, h],
    ['columns', left, width, w],
  ] as const) {
    const integers = Number.isInteger(begin) && Number.isInteger(extent);
    if (!integers || begin < 0 || extent < 1 || begin + extent > whole) {
      throw new ShapeError(
        `${where}: ${name} ${begin}..${begin + extent - 1} must lie in 0..${whole - 1}; x ${formatShape(x)}`,
      );
    }
  }
  return [n, c, height, width];
}
