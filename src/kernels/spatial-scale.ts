// A factor per pixel: guidance by region masks.
import { spatialScale as shader } from '../../shaders/spatial_scale.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpContext, OpSpec } from './op.js';

/** y = x * mask[h,w], for all channels alike. */
export const spatialScaleKernel: KernelSpec<Record<string, never>> = {
  name: 'spatial_scale',
  bindings: () => ({ x: 'read', mask: 'read', y: 'read_write' }),
  params: { blocks: 'u32', H: 'u32', W: 'u32' },
  shader,
  variants: [{}],
};

/** y = x * mask: x [N,C,H,W], mask [1,1,H,W] or [N,1,H,W]. Only x has a gradient: dx = dy * mask. */
export const spatialScale: OpSpec<Record<string, never>> = {
  name: 'spatial_scale',
  inputs: ['x', 'mask'],
  saves: ['mask'],
  output(shapes, _attrs, where) {
    const place = `spatial_scale at ${where}`;
    const [n, , h, w] = nchw(place, shapes.x!);
    const [masks, channels, mh, mw] = nchw(place, shapes.mask!);
    if ((masks !== 1 && masks !== n) || channels !== 1 || mh !== h || mw !== w) {
      const rule = n === 1 ? `[1,1,${h},${w}]` : `[1,1,${h},${w}] or [${n},1,${h},${w}]`;
      throw new ShapeError(
        `${place}: mask must be ${rule}, got ${formatShape(shapes.mask!)}; x ${formatShape(shapes.x!)}`,
      );
    }
    return { shape: shapes.x!, layout: 'image' };
  },
  forward: (t, _attrs, ctx) => [spatialScaleDispatch('forward', ctx, { x: t.x!, mask: t.mask!, y: t.y! })],
  backward: {
    x: (t, _attrs, ctx) => [spatialScaleDispatch('backward:x', ctx, { x: t.dy!, mask: t.mask!, y: t.dx! })],
  },
  cost: (shapes) => ({ flops: sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) + 4 * sizeOf(shapes.mask!) }),
};

function spatialScaleDispatch(
  direction: string,
  ctx: OpContext,
  buffers: { x: Tensor; mask: Tensor; y: Tensor },
): Dispatch<Tensor> {
  const label = `spatial_scale:${direction} at ${ctx.where}`;
  const [n, c, H, W] = nchw(label, buffers.x.shape);
  const planes = n * ceilDiv(c, 4);
  const blocks = planes / buffers.mask.shape[0]!;
  return dispatch(
    spatialScaleKernel,
    {},
    label,
    buffers,
    { blocks, H, W },
    imageGrid(label, ctx.target, W, H, planes),
  );
}
