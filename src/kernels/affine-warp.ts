// Pictures sampled along affine maps: aligned faces from their landmarks.
import type { WarpVariant } from '../../shaders/affine.js';
import { affineWarpBackward } from '../../shaders/affine_warp_backward.wgsl.js';
import { affineWarpForward } from '../../shaders/affine_warp_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import { dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpSpec } from './op.js';

/** Size of the result, and what lies outside of the picture. */
export interface WarpAttrs {
  readonly height: number;
  readonly width: number;
  readonly mode: WarpVariant['mode'];
}

const WARP_PARAMS = { C4: 'u32', H: 'u32', W: 'u32', P: 'u32', Q: 'u32', each: 'u32' } as const;
const WARP_VARIANTS: readonly WarpVariant[] = [{ mode: 'zero' }, { mode: 'replicate' }];

/** Bilinear samples at the places that the matrix says. */
export const affineWarpForwardKernel: KernelSpec<WarpVariant> = {
  name: 'affine_warp_forward',
  bindings: () => ({ x: 'read', matrix: 'read', y: 'read_write' }),
  params: WARP_PARAMS,
  shader: affineWarpForward,
  variants: WARP_VARIANTS,
};

/** Gradient to the picture. */
export const affineWarpBackwardKernel: KernelSpec<WarpVariant> = {
  name: 'affine_warp_backward',
  bindings: () => ({ matrix: 'read', dy: 'read', dx: 'read_write' }),
  params: { N: 'u32', ...WARP_PARAMS },
  shader: affineWarpBackward,
  variants: WARP_VARIANTS,
};

/**
 * y[n,c,p,q] = x at column u and row v, (u,v) = matrix[n] (q,p,1), bilinear: x [N,C,H,W] or, one picture for all,
 * [1,C,H,W]; matrix [N,2,3], finite; y [N,C,height,width]. Whole numbers are the centres of pixels, (0,0) that of the
 * first one: OpenCV's warpAffine with WARP_INVERSE_MAP and BORDER_CONSTANT 0 or BORDER_REPLICATE, but with exact
 * weights where OpenCV rounds positions to 1/32 pixel. No gradient to the matrix.
 */
export const affineWarp: OpSpec<WarpAttrs> = {
  name: 'affine_warp',
  inputs: ['x', 'matrix'],
  saves: ['x', 'matrix'],
  output: (shapes, attrs, where) => ({
    shape: outputShape(shapes.x!, shapes.matrix!, attrs, `affine_warp at ${where}`),
    layout: 'image',
  }),
  forward(t, { mode }, ctx) {
    const label = `affine_warp:forward at ${ctx.where}`;
    const buffers = { x: t.x!, matrix: t.matrix!, y: t.y! };
    const { N, ...params } = warpParams(label, t.x!.shape, t.y!.shape);
    const grid = imageGrid(label, ctx.target, params.Q, params.P, N * params.C4);
    return [dispatch(affineWarpForwardKernel, { mode }, label, buffers, params, grid)];
  },
  backward: {
    x(t, { mode }, ctx) {
      const label = `affine_warp:backward:x at ${ctx.where}`;
      const buffers = { matrix: t.matrix!, dy: t.dy!, dx: t.dx! };
      const params = warpParams(label, t.dx!.shape, t.dy!.shape);
      const grid = imageGrid(label, ctx.target, params.W, params.H, t.dx!.shape[0]! * params.C4);
      return [dispatch(affineWarpBackwardKernel, { mode }, label, buffers, params, grid)];
    },
  },
  cost(shapes, attrs) {
    const y = outputShape(shapes.x!, shapes.matrix!, attrs, 'affine_warp');
    // Of a large picture no more is read than four pixels for each sample.
    return { flops: 8 * sizeOf(y), bytes: 4 * (Math.min(sizeOf(shapes.x!), 4 * sizeOf(y)) + sizeOf(y)) };
  },
};

function warpParams(label: string, x: Shape, y: Shape) {
  const [pictures, c, H, W] = nchw(label, x);
  const [N, , P, Q] = nchw(label, y);
  return { N, C4: ceilDiv(c, 4), H, W, P, Q, each: pictures === N ? 1 : 0 };
}

function outputShape(x: Shape, matrix: Shape, { height, width }: WarpAttrs, where: string): Shape {
  const [pictures, c] = nchw(where, x);
  const given = `x ${formatShape(x)}, matrix ${formatShape(matrix)}`;
  const [n, rows, columns] = matrix;
  if (matrix.length !== 3 || rows !== 2 || columns !== 3)
    throw new ShapeError(`${where}: matrix must be [N,2,3]; ${given}`);
  if (pictures !== 1 && pictures !== n)
    throw new ShapeError(`${where}: x.shape[0] (${pictures}) must be 1 or matrix.shape[0] (${n}); ${given}`);
  for (const [name, extent] of Object.entries({ height, width })) {
    if (!Number.isInteger(extent) || extent < 1)
      throw new ShapeError(`${where}: ${name} must be a positive integer, got ${extent}`);
  }
  return [n!, c, height, width];
}
