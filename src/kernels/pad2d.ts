// Padding by zeros, by the edge pixels, or by reflection.
import { pad2dBackward } from '../../shaders/pad2d_backward.wgsl.js';
import { type PadVariant, pad2dForward } from '../../shaders/pad2d_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpSpec } from './op.js';

/** Pixels to add at each side. `reflect` mirrors at the centre of the edge pixel, which is not repeated. */
export interface PadAttrs {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  readonly mode: PadVariant['mode'];
}

const PAD_PARAMS = { H: 'u32', W: 'u32', P: 'u32', Q: 'u32', top: 'u32', left: 'u32' } as const;
const PAD_VARIANTS: readonly PadVariant[] = [{ mode: 'zero' }, { mode: 'replicate' }, { mode: 'reflect' }];

/** Pads rows and columns; the mode is a variant. */
export const pad2dForwardKernel: KernelSpec<PadVariant> = {
  name: 'pad2d_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: PAD_PARAMS,
  shader: pad2dForward,
  variants: PAD_VARIANTS,
};

/** Adds up the pixels of dy that show a pixel of x. */
export const pad2dBackwardKernel: KernelSpec<PadVariant> = {
  name: 'pad2d_backward',
  bindings: () => ({ dy: 'read', dx: 'read_write' }),
  params: PAD_PARAMS,
  shader: pad2dBackward,
  variants: PAD_VARIANTS,
};

/** x [N,C,H,W] -> [N,C,top+H+bottom,left+W+right]; `reflect` needs less padding than there are pixels. */
export const pad2d: OpSpec<PadAttrs> = {
  name: 'pad2d',
  inputs: ['x'],
  saves: [],
  output: (shapes, attrs, where) => ({
    shape: outputShape(shapes.x!, attrs, `pad2d at ${where}`),
    layout: 'image',
  }),
  forward(t, attrs, ctx) {
    const label = `pad2d:forward at ${ctx.where}`;
    const [n, c, P, Q] = nchw(label, t.y!.shape);
    const grid = imageGrid(label, ctx.target, Q, P, n * ceilDiv(c, 4));
    const buffers = { x: t.x!, y: t.y! };
    return [
      dispatch(pad2dForwardKernel, { mode: attrs.mode }, label, buffers, padParams(t.x!, t.y!, attrs), grid),
    ];
  },
  backward: {
    x(t, attrs, ctx) {
      const label = `pad2d:backward:x at ${ctx.where}`;
      const [n, c, H, W] = nchw(label, t.dx!.shape);
      const grid = imageGrid(label, ctx.target, W, H, n * ceilDiv(c, 4));
      const buffers = { dy: t.dy!, dx: t.dx! };
      return [
        dispatch(
          pad2dBackwardKernel,
          { mode: attrs.mode },
          label,
          buffers,
          padParams(t.dx!, t.dy!, attrs),
          grid,
        ),
      ];
    },
  },
  cost(shapes, attrs) {
    const y = outputShape(shapes.x!, attrs, 'pad2d');
    return { flops: 0, bytes: 4 * (sizeOf(shapes.x!) + sizeOf(y)) };
  },
};

function padParams(x: Tensor, y: Tensor, { top, left }: PadAttrs): Record<string, number> {
  const [, , H, W] = nchw('pad2d', x.shape);
  const [, , P, Q] = nchw('pad2d', y.shape);
  return { H, W, P, Q, top, left };
}

function outputShape(x: Shape, attrs: PadAttrs, where: string): Shape {
  const [n, c, h, w] = nchw(where, x);
  const sides = [
    ['top', h],
    ['bottom', h],
    ['left', w],
    ['right', w],
  ] as const;
  for (const [side, extent] of sides) {
    const pad = attrs[side];
    if (!Number.isInteger(pad) || pad < 0) {
      throw new ShapeError(`${where}: ${side} must be a non-negative integer, got ${pad}`);
    }
    if (attrs.mode === 'reflect' && pad >= extent) {
      throw new ShapeError(
        `${where}: ${side} (${pad}) must be less than the ${extent} pixels that it reflects; x ${formatShape(x)}`,
      );
    }
  }
  return [n, c, attrs.top + h + attrs.bottom, attrs.left + w + attrs.right];
}
