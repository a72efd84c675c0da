// What depthwise and grouped convolutions have in common: padding by side, and shapes.
import { ShapeError } from '../base/errors.js';
import { type Padding, type Sides, sidesOf } from '../base/padding.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Bindings } from '../gpu/kernel.js';
import { IMAGE_WORKGROUP } from './image-grid.js';
import type { Shapes, Tensors } from './op.js';

/** Geometry of a filter; `relu` fuses max(0, .) behind the bias. */
export interface FilterAttrs {
  readonly stride: number;
  /** Zeros around x, by side where they differ (`samePadding`). */
  readonly pad: Padding;
  readonly relu?: boolean;
}

/** Sizes of x and y and where the first window begins. */
export const FILTER_PARAMS = { H: 'u32', W: 'u32', P: 'u32', Q: 'u32', top: 'u32', left: 'u32' } as const;

/** Bindings of a kernel that computes y from x, weight and bias. */
export const filterBindings = (v: { load: string; bias: boolean }): Bindings => ({
  x: v.load === 'texture' ? 'texture' : 'read',
  weight: 'read',
  ...(v.bias ? { bias: 'read' } : {}),
  y: 'read_write',
});

/** Tensors of a convolution. */
export interface FilterTensors {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
  readonly y: Tensor;
}

/** Those that `forward` is handed. */
export function filterTensors(t: Tensors): FilterTensors {
  return { x: t.x!, weight: t.weight!, bias: t.bias, y: t.y! };
}

/** Pixels of a row per thread: as many as do not leave more of the workgroup idle than fewer would. */
export function tileOf(width: number): number {
  const covered = (tile: number) => IMAGE_WORKGROUP * tile * ceilDiv(width, IMAGE_WORKGROUP * tile);
  return [4, 2, 1].reduce((best, tile) => (covered(tile) < covered(best) ? tile : best));
}

/** Shape of y: [N,K,P,Q]; ShapeError for bias, stride, padding or a window that does not fit. */
export function filteredShape(shapes: Shapes, { stride, pad }: FilterAttrs, where: string): Shape {
  const [n, , h, w] = nchw(where, shapes.x!);
  const [k, , r, s] = nchw(where, shapes.weight!);
  const { bias } = shapes;
  if (bias && (bias.length !== 1 || bias[0] !== k)) {
    throw new ShapeError(`${where}: bias must be [${k}], got ${formatShape(bias)}; ${given(shapes)}`);
  }
  if (!Number.isInteger(stride) || stride < 1)
    throw new ShapeError(`${where}: stride must be a positive integer, got ${stride}`);
  const { top, bottom, left, right }: Sides = sidesOf(where, pad);
  const p = Math.floor((h + top + bottom - r) / stride) + 1;
  const q = Math.floor((w + left + right - s) / stride) + 1;
  if (p < 1 || q < 1) {
    throw new ShapeError(
      `${where}: a ${r}x${s} window does not fit into ${h}x${w} padded to ${h + top + bottom}x${w + left + right}; ${given(shapes)}`,
    );
  }
  return [n, k, p, q];
}

/** Arithmetic and least traffic of a forward pass. */
export function filterCost(shapes: Shapes, attrs: FilterAttrs): { flops: number; bytes: number } {
  const y = filteredShape(shapes, attrs, 'grouped_conv2d');
  const [, j, r, s] = nchw('grouped_conv2d', shapes.weight!);
  return {
    flops: 2 * sizeOf(y) * j * r * s,
    bytes: 4 * (sizeOf(shapes.x!) + sizeOf(shapes.weight!) + sizeOf(y)),
  };
}

/** Both shapes, for messages. */
export function given({ x, weight }: Shapes): string {
  return `x ${formatShape(x!)}, weight ${formatShape(weight!)}`;
}
