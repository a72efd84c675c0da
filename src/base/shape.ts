import { ShapeError } from './errors.js';

/** Logical dimensions, outermost first; activations are [N, C, H, W]. */
export type Shape = readonly number[];

/** Number of logical elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** Whether two shapes have the same rank and extents. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[1,256,64,64]`, as messages print a shape. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** The four extents of an activation, or a ShapeError that names the place. */
export function nchw(where: string, shape: Shape): [number, number, number, number] {
  if (shape.length !== 4) throw new ShapeError(`${where}: expected [N,C,H,W], got ${formatShape(shape)}`);
  return shape as unknown as [number, number, number, number];
}

/** a / b rounded up, for whole a >= 0 and b > 0. */
export function ceilDiv(a: number, b: number): number {
  return Math.floor((a + b - 1) / b);
}
