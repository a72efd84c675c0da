import { ShapeError } from './errors.js';

/** Logical dimensions, outermost first; activations are [N, C, H, W]. */
export type Shape = readonly number[];

/** Number of logical elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[1,256,64,64]`, as messages print a shape. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** Throws unless every extent is a positive integer. */
export function assertShape(where: string, shape: Shape): void {
  for (const [axis, extent] of shape.entries()) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw new ShapeError(
        `${where}: every extent must be a positive integer; axis ${axis} of ${formatShape(shape)} is ${extent}`,
      );
    }
  }
}

/** The four extents of an activation, or a ShapeError that names the place. */
export function nchw(where: string, shape: Shape): [number, number, number, number] {
  if (shape.length !== 4) throw new ShapeError(`${where}: expected [N,C,H,W], got ${formatShape(shape)}`);
  return shape as unknown as [number, number, number, number];
}

export function ceilDiv(a: number, b: number): number {
  return Math.floor((a + b - 1) / b);
}
