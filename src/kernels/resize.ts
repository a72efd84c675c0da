// Bilinear resizing with half-pixel centres, one axis after the other.
import { resizeBilinearBackward } from '../../shaders/resize_bilinear_backward.wgsl.js';
import { type ResizeVariant, resizeBilinearForward } from '../../shaders/resize_bilinear_forward.wgsl.js';
import { resizeBilinearTotals } from '../../shaders/resize_bilinear_totals.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { dispatch, type KernelSpec, LINEAR_WORKGROUP, type Workgroups } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpContext, OpSpec } from './op.js';

/** Size and filter of a bilinear resize. */
export interface ResizeAttrs {
  /** Output size in pixels. */
  readonly height: number;
  readonly width: number;
  /** Widens the filter where the picture shrinks, so that every input pixel counts. */
  readonly antialias: boolean;
}

const RESIZE_PARAMS = { H: 'u32', W: 'u32', P: 'u32', Q: 'u32', reach: 'u32' } as const;

/** One axis of a bilinear resize. */
export const resizeBilinearForwardKernel: KernelSpec<ResizeVariant> = {
  name: 'resize_bilinear_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: RESIZE_PARAMS,
  shader: resizeBilinearForward,
  variants: [{ axis: 'x' }, { axis: 'y' }],
};

/** Gradient of one axis of a bilinear resize. */
export const resizeBilinearBackwardKernel: KernelSpec<ResizeVariant> = {
  name: 'resize_bilinear_backward',
  bindings: () => ({ total: 'read', dy: 'read', dx: 'read_write' }),
  params: RESIZE_PARAMS,
  shader: resizeBilinearBackward,
  variants: [{ axis: 'x' }, { axis: 'y' }],
};

/** The sum of weights that each output pixel of one axis divides by. */
export const resizeBilinearTotalsKernel: KernelSpec<Record<string, never>> = {
  name: 'resize_bilinear_totals',
  bindings: () => ({ total: 'read_write' }),
  params: { inputs: 'u32', outputs: 'u32', reach: 'u32' },
  shader: resizeBilinearTotals,
  variants: [{}],
};

/** Up to this extent the kernels' whole-number weights, about 2 * extent^2, fit 32 bits with a sign. */
const MAX_EXTENT = 32767;

/**
 * x [N,C,H,W] -> [N,C,height,width], bilinear: the weights of torch's interpolate(align_corners=False), with
 * `antialias` those of Pillow's bilinear filter, whose triangle spans the scale when the picture shrinks.
 */
export const resizeBilinear: OpSpec<ResizeAttrs> = {
  name: 'resize_bilinear',
  inputs: ['x'],
  saves: [],
  output: (shapes, attrs, where) => ({
    shape: outputShape(shapes.x!, attrs, `resize_bilinear at ${where}`),
    layout: 'image',
  }),
  forward(t, { antialias }, ctx) {
    const label = `resize_bilinear:forward at ${ctx.where}`;
    const pass = (x: Tensor, y: Tensor, axis: Axis) => {
      const grid = gridOf(label, ctx, y);
      const { params } = passParams(x, y, axis, antialias);
      return dispatch(resizeBilinearForwardKernel, { axis }, label, { x, y }, params, grid);
    };
    const { axes, between } = plan(t.x!.shape, t.y!.shape);
    if (!between) return [pass(t.x!, t.y!, axes[0]!)];
    const middle = ctx.scratch('between', between);
    return [pass(t.x!, middle, axes[0]!), pass(middle, t.y!, axes[1]!)];
  },
  backward: {
    x(t, { antialias }, ctx) {
      const label = `resize_bilinear:backward:x at ${ctx.where}`;
      const pass = (dy: Tensor, dx: Tensor, axis: Axis) => {
        const { params, totals } = passParams(dx, dy, axis, antialias);
        const total = ctx.scratch(`total.${axis}`, [totals.outputs]);
        const groups = ceilDiv(totals.outputs, LINEAR_WORKGROUP);
        // Depends on nothing but sizes, so that a program computes it once.
        return [
          dispatch(resizeBilinearTotalsKernel, {}, label, { total }, totals, [groups, 1, 1]),
          dispatch(
            resizeBilinearBackwardKernel,
            { axis },
            label,
            { total, dy, dx },
            params,
            gridOf(label, ctx, dx),
          ),
        ];
      };
      const { axes, between } = plan(t.dx!.shape, t.dy!.shape);
      if (!between) return pass(t.dy!, t.dx!, axes[0]!);
      const middle = ctx.scratch('between', between);
      return [...pass(t.dy!, middle, axes[1]!), ...pass(middle, t.dx!, axes[0]!)];
    },
  },
  cost(shapes, attrs) {
    const x = shapes.x!;
    const y = outputShape(x, attrs, 'resize_bilinear');
    const { axes, between } = plan(x, y);
    const taps = (axis: Axis) => 2 * (attrs.antialias ? Math.max(1, x[AXIS[axis]]! / y[AXIS[axis]]!) : 1);
    const passes = between
      ? sizeOf(between) * taps(axes[0]!) + sizeOf(y) * taps(axes[1]!)
      : sizeOf(y) * taps(axes[0]!);
    return { flops: 2 * passes, bytes: 4 * (sizeOf(x) + sizeOf(y) + (between ? 2 * sizeOf(between) : 0)) };
  },
};

type Axis = ResizeVariant['axis'];
const AXIS = { x: 3, y: 2 } as const;

/** The axes that change, in the order that makes the picture between the two passes small, and its shape. */
function plan(x: Shape, y: Shape): { axes: Axis[]; between?: Shape } {
  const [n, c, h, w] = nchw('resize_bilinear', x);
  const [, , p, q] = nchw('resize_bilinear', y);
  if (h === p) return { axes: ['x'] };
  if (w === q) return { axes: ['y'] };
  return h * q <= p * w
    ? { axes: ['x', 'y'], between: [n, c, h, q] }
    : { axes: ['y', 'x'], between: [n, c, p, w] };
}

/** Params of one pass between `x` and `y` (or their gradients) along one axis, and of its totals. */
function passParams(x: Tensor, y: Tensor, axis: Axis, antialias: boolean) {
  const [, , H, W] = nchw('resize_bilinear', x.shape);
  const [, , P, Q] = nchw('resize_bilinear', y.shape);
  const [inputs, outputs] = axis === 'x' ? [W, Q] : [H, P];
  const reach = 2 * (antialias ? Math.max(inputs, outputs) : outputs);
  return { params: { H, W, P, Q, reach }, totals: { inputs, outputs, reach } };
}

function gridOf(label: string, ctx: OpContext, t: Tensor): Workgroups {
  const [n, c, h, w] = nchw(label, t.shape);
  return imageGrid(label, ctx.target, w, h, n * ceilDiv(c, 4));
}

function outputShape(x: Shape, { height, width }: ResizeAttrs, where: string): Shape {
  const [n, c, h, w] = nchw(where, x);
  for (const [name, extent] of Object.entries({ height, width, 'x.shape[2]': h, 'x.shape[3]': w })) {
    if (!Number.isInteger(extent) || extent < 1 || extent > MAX_EXTENT) {
      throw new ShapeError(
        `${where}: ${name} must be an integer in 1..${MAX_EXTENT}, got ${extent}; x ${formatShape(x)}`,
      );
    }
  }
  return [n, c, height, width];
}
