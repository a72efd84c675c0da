// The one place that knows how logical elements map to bytes.
import { ShapeError } from './errors.js';
import { ceilDiv, formatShape, type Shape, sizeOf } from './shape.js';
import type { Layout } from './tensor.js';

/** Zero pixels kept around every image tensor, so that a 3x3 window never needs a bounds check. */
export const HALO = 1;

/** Texels per row of a tensor seen as a texture: vec4 i lies at (i % TEXTURE_WIDTH, i / TEXTURE_WIDTH). */
export const TEXTURE_WIDTH = 4096;

/** Physical geometry: tensors may share a slot only where these are equal, so that zero borders stay zero. */
export interface Geometry {
  readonly key: string;
  readonly vec4s: number;
  readonly bytes: number;
}

/** How a tensor of this shape lies in its buffer; ShapeError where the layout asks for another rank. */
export function geometryOf(shape: Shape, layout: Layout): Geometry {
  const extents = physicalExtents(shape, layout);
  const vec4s = extents.reduce((product, extent) => product * extent, 1);
  return { key: `${layout}:${extents.join('x')}`, vec4s, bytes: vec4s * 16 };
}

function physicalExtents(shape: Shape, layout: Layout): number[] {
  switch (layout) {
    case 'image': {
      if (shape.length !== 4) throw new ShapeError(`image layout needs [N,C,H,W], got ${formatShape(shape)}`);
      const [n, c, h, w] = shape;
      return [n!, ceilDiv(c!, 4), h! + 2 * HALO, w! + 2 * HALO];
    }
    case 'filter': {
      if (shape.length !== 4)
        throw new ShapeError(`filter layout needs [K,C,R,S], got ${formatShape(shape)}`);
      const [k, c, r, s] = shape;
      return [r! * s!, 4 * ceilDiv(c!, 4), ceilDiv(k!, 4)];
    }
    case 'flat': {
      const last = shape.at(-1) ?? 1;
      return [...shape.slice(0, -1), ceilDiv(last, 4)];
    }
  }
}

/**
 * Visits all logical elements in runs: `count` elements from the logical index on, `step` floats apart from the
 * physical one on. Runs and not elements, because a call for each element takes longer than what it does.
 */
function forEachRun(
  shape: Shape,
  layout: Layout,
  visit: (logical: number, physical: number, count: number, step: number) => void,
) {
  if (layout === 'flat') {
    const last = shape.at(-1) ?? 1;
    const rows = sizeOf(shape) / last;
    const pitch = 4 * ceilDiv(last, 4);
    for (let row = 0; row < rows; row++) visit(row * last, row * pitch, last, 1);
    return;
  }
  const [a, b, h, w] = shape as unknown as [number, number, number, number];
  if (layout === 'image') {
    const blocks = ceilDiv(b, 4);
    const pitch = w + 2 * HALO;
    const plane = (h + 2 * HALO) * pitch;
    for (let n = 0, i = 0; n < a; n++)
      for (let c = 0; c < b; c++) {
        const base = ((n * blocks + (c >> 2)) * plane + HALO * pitch + HALO) * 4 + (c & 3);
        for (let y = 0; y < h; y++, i += w) visit(i, base + y * pitch * 4, w, 4);
      }
    return;
  }
  const cPadded = 4 * ceilDiv(b, 4);
  const kPadded = 4 * ceilDiv(a, 4);
  const taps = h * w;
  for (let k = 0, i = 0; k < a; k++)
    for (let c = 0; c < b; c++, i += taps) visit(i, c * kPadded + k, taps, cPadded * kPadded);
}

/** Logical row-major values -> physical floats, zero elsewhere; ShapeError where their number is another. */
export function packTensor(values: ArrayLike<number>, shape: Shape, layout: Layout): Float32Array {
  if (values.length !== sizeOf(shape)) {
    throw new ShapeError(`${formatShape(shape)} holds ${sizeOf(shape)} values, got ${values.length}`);
  }
  const out = new Float32Array(geometryOf(shape, layout).vec4s * 4);
  forEachRun(shape, layout, (logical, physical, count, step) => {
    for (let i = logical, at = physical; i < logical + count; i++, at += step) out[at] = values[i]!;
  });
  return out;
}

/**
 * Physical floats as an op may find them: NaN in every element and padding lane, zero in the border of an
 * `image`. A kernel that leaves a lane unwritten, or reads one that nobody wrote, shows NaN.
 */
export function poison(shape: Shape, layout: Layout): Float32Array {
  if (layout !== 'image') return new Float32Array(geometryOf(shape, layout).vec4s * 4).fill(Number.NaN);
  const [n, c, h, w] = shape as unknown as [number, number, number, number];
  const padded = [n, 4 * ceilDiv(c, 4), h, w];
  return packTensor(new Float32Array(sizeOf(padded)).fill(Number.NaN), padded, layout);
}

/** Physical floats -> logical row-major values. */
export function unpackTensor(physical: Float32Array, shape: Shape, layout: Layout): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  forEachRun(shape, layout, (logical, from, count, step) => {
    for (let i = logical, at = from; i < logical + count; i++, at += step) out[i] = physical[at]!;
  });
  return out;
}
