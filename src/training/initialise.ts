// First values of weights: seeded, each tensor with a stream of its own.
import { InputError } from '../base/errors.js';
import { hash32, normal, uniform } from '../base/random.js';
import { formatShape, type Shape, sizeOf } from '../base/shape.js';

/**
 * How a tensor begins. `he`: variance gain^2 / fanIn with gain sqrt 2 (He et al., arXiv 1502.01852, eq. 10), for what a
 * rectifier follows. `glorot`: variance 2 / (fanIn + fanOut) (Glorot and Bengio 2010, eq. 16). The uniform ones have the
 * same variance, and the same bits on every engine (`normal` has not: base/random.ts).
 */
export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'he-normal' | 'he-uniform' | 'glorot-normal' | 'glorot-uniform' };

/** Zeros. */
export const ZEROS: Initializer = { kind: 'constant', value: 0 };
/** Ones. */
export const ONES: Initializer = { kind: 'constant', value: 1 };

/** Inputs and outputs of one unit: [K,C,R,S] has C*R*S and K*R*S, [K,D] has D and K. InputError for other ranks. */
export function fansOf(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length !== 2 && shape.length !== 4)
    throw new InputError(
      `initialise: a fan needs a filter [K,C,R,S] or a matrix [K,D], got ${formatShape(shape)}`,
    );
  const [outputs, ...inputs] = shape as [number, ...number[]];
  const taps = sizeOf(shape.slice(2));
  return { fanIn: sizeOf(inputs), fanOut: outputs * taps };
}

/** The values of a tensor of this name, logical and row-major, rounded to f32; they depend on the arguments alone. */
export function initialValues(name: string, shape: Shape, how: Initializer, seed: number): Float32Array {
  if (how.kind === 'constant') return new Float32Array(sizeOf(shape)).fill(how.value);
  const stream = streamOf(name, seed);
  const deviation = deviationOf(shape, how);
  if (how.kind.endsWith('uniform')) {
    const limit = Math.sqrt(3) * deviation;
    return Float32Array.from({ length: sizeOf(shape) }, (_, i) => limit * (2 * uniform(stream, i) - 1));
  }
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => deviation * normal(stream, i));
}

function deviationOf(shape: Shape, how: Exclude<Initializer, { kind: 'constant' }>): number {
  if (how.kind === 'normal') return how.deviation;
  const { fanIn, fanOut } = fansOf(shape);
  return Math.sqrt(how.kind.startsWith('he') ? 2 / fanIn : 2 / (fanIn + fanOut));
}

/** A seed for each name, so that a layer's values do not depend on which others there are. */
function streamOf(name: string, seed: number): number {
  let stream = seed >>> 0;
  for (let i = 0; i < name.length; i++) stream = hash32(stream, name.charCodeAt(i));
  return stream;
}
