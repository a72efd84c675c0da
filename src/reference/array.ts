// Plain float64 arrays, row-major over logical shapes: what the CPU twins compute with.
import { type Shape, sizeOf } from '../base/shape.js';

/** Values in row-major order over `shape`. */
export interface NdArray {
  readonly shape: Shape;
  readonly data: Float64Array;
}

/** An array of zeros. */
export function zeros(shape: Shape): NdArray {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

/** An array of a copy of `values`. */
export function ndarray(shape: Shape, values: ArrayLike<number>): NdArray {
  return { shape, data: Float64Array.from(values) };
}

/** f of every value and its index. */
export function map(a: NdArray, f: (value: number, index: number) => number): NdArray {
  return { shape: a.shape, data: a.data.map(f) };
}

/** |a|. */
export function abs(a: NdArray): NdArray {
  return map(a, Math.abs);
}

/** Arrays by input name. */
export type Arrays = Readonly<Record<string, NdArray>>;

/**
 * What a float32 sum of `terms` products may miss: c * sqrt(terms) * 2^-24 * magnitude, elementwise, with
 * magnitude = sum |a_i b_i| (docs/numerics.md).
 */
export interface Bound {
  readonly magnitude: NdArray;
  readonly terms: number;
}

/** The CPU twin of an op. `y` is the forward result whose kinks (ReLU, max) the gradient follows. */
export interface ReferenceOp<A = Record<string, unknown>> {
  forward(inputs: Arrays, attrs: A): NdArray;
  readonly backward: Readonly<Record<string, (inputs: Arrays, y: NdArray, dy: NdArray, attrs: A) => NdArray>>;
  forwardBound(inputs: Arrays, attrs: A): Bound;
  /** By input name. */
  readonly backwardBound: Readonly<
    Record<string, (inputs: Arrays, y: NdArray, dy: NdArray, attrs: A) => Bound>
  >;
}

/** |a| of every input. */
export function absAll(inputs: Arrays): Arrays {
  return Object.fromEntries(Object.entries(inputs).map(([name, a]) => [name, abs(a)]));
}
