// Cases of kernels that no tape differentiates: an optimiser's steps, against its float64 twin's.
import type { Shape } from '../../src/base/shape.js';
import type { PinStore } from '../../src/gpu/store.js';
import type { Optimizer } from '../../src/optim/optimizer.js';
import type { Bound, NdArray } from '../../src/reference/array.js';
import { CaseParams } from './family.js';

/** Where float64 gets, and how far float32 may be from it. */
export interface ExpectedTensor {
  readonly values: NdArray;
  readonly bound: Bound;
}

/** One run of an optimiser, built from a case. */
export interface BuiltSteps {
  /** Of the parameter; images for rank 4, flat else. */
  readonly shape: Shape;
  /** The parameter before the first step, exact in float32. */
  readonly start: Float64Array;
  readonly steps: number;
  optimizer(store: PinStore): Optimizer;
  /** The gradient for step t (from 1), taken at x. */
  gradient(x: Float64Array, t: number): Float64Array;
  /** What is compared after the last step: `x`, or names of the optimiser's state. */
  readonly compared: readonly string[];
  /** By the names of `compared`. */
  expected(): Readonly<Record<string, ExpectedTensor>>;
  /** Arithmetic and least memory traffic of one step. */
  readonly cost: { readonly flops: number; readonly bytes: number };
}

/** Everything the checks and benches need of one optimiser. */
export interface StepFamily {
  readonly name: string;
  build(params: CaseParams): BuiltSteps;
  /** GPU against CPU after some steps. */
  readonly cases: readonly string[];
  /** Shapes worth timing. */
  readonly bench: readonly string[];
}

/** The run that a case asks for; InputError for a parameter that the family does not know. */
export function buildSteps(f: StepFamily, text: string): BuiltSteps {
  const params = CaseParams.parse(text);
  const built = f.build(params);
  params.assertAllUsed();
  return built;
}

/** [1,C,H,W] of a case, or [C] where it says `flat`. */
export function parameterShape(p: CaseParams): Shape {
  return p.flag('flat') ? [p.number('C')] : [1, p.number('C'), p.number('H'), p.number('W')];
}
