// Runs cases: GPU against CPU in float64, and CPU gradients against finite differences.
import { InputError } from '../src/base/errors.js';
import { normal } from '../src/base/random.js';
import { sizeOf } from '../src/base/shape.js';
import type { Tensor } from '../src/base/tensor.js';
import { TOLERANCE_FACTOR, UNIT_ROUNDOFF } from '../src/base/tolerance.js';
import type { Device } from '../src/gpu/device.js';
import type { Dispatch } from '../src/gpu/kernel.js';
import { TensorStore } from '../src/gpu/store.js';
import { Program } from '../src/graph/program.js';
import type { OpSpec } from '../src/kernels/op.js';
import { type Arrays, type Bound, type NdArray, ndarray, zeros } from '../src/reference/array.js';
import { type BuiltCase, type CaseFamily, CaseParams } from './cases/family.js';
import { caseTensors, outputTensors, recordBackward, recordForward } from './record.js';
import { type CaseVariant, chosenOf, variantTitle } from './variants.js';

export { TOLERANCE_FACTOR };

export interface Comparison {
  /** `conv2d:backward:x:N=1;...`: also what `facet check` takes. */
  readonly name: string;
  readonly ok: boolean;
  /** Largest |actual - expected| / tolerance. */
  readonly worst: number;
  /** Around the first failure, for people. */
  readonly report: string;
}

export function buildCase(f: CaseFamily, text: string): BuiltCase {
  const params = CaseParams.parse(text);
  const built = f.build(params);
  params.assertAllUsed();
  return built;
}

/** The case's inputs, rounded to f32 so that both sides start from the same numbers. */
export function caseInputs(built: BuiltCase, seed: number): Record<string, NdArray> {
  const inputs: Record<string, NdArray> = {};
  for (const [i, [name, shape]] of Object.entries(built.shapes).entries()) {
    if (!shape) continue;
    const map = built.values?.[name] ?? ((value: number) => value);
    const values = Float32Array.from({ length: sizeOf(shape) }, (_, at) => map(normal(seed + i, at), at));
    inputs[name] = ndarray(shape, values);
  }
  return inputs;
}

/** What the reference says of a case, kept from one of its variants to the next: float64 loops take their time. */
interface Expectation {
  readonly f: CaseFamily;
  readonly text: string;
  readonly inputs: Record<string, NdArray>;
  readonly forward: NdArray;
  /** The first variant's y, where all gradients start. */
  y?: NdArray;
  readonly gradients: Map<string, NdArray>;
}

let latest: Expectation | undefined;

function expectationOf(f: CaseFamily, text: string): Expectation {
  if (latest?.f === f && latest.text === text) return latest;
  const built = buildCase(f, text);
  const inputs = caseInputs(built, 1);
  const forward = f.reference.forward(inputs, built.attrs as never);
  latest = { f, text, inputs, forward, gradients: new Map() };
  return latest;
}

/**
 * Runs one case on the GPU, forward and each gradient, against the CPU reference; by `variant` where given (in
 * the directions in which it is a candidate), else as the device would.
 */
export async function checkCase(
  device: Device,
  f: CaseFamily,
  text: string,
  variant?: CaseVariant,
): Promise<Comparison[]> {
  const op = f.op as unknown as OpSpec<unknown>;
  const built = buildCase(f, text);
  const attrs = built.attrs as never;
  const target = variant?.target ?? device.target;
  const title = variantTitle(text, variant);
  const isPart = (direction: string) => !variant || variant.directions.includes(direction);
  // A reference computes one thing; how it was computed is known by what it may miss.
  const chosen = chosenOf(f, text, target);
  const boundAttrs = (direction: string) =>
    (direction in chosen ? { ...built.attrs, algorithm: chosen[direction] } : attrs) as never;
  const expected = expectationOf(f, text);
  const arrays = expected.inputs;
  const inputs = caseTensors(op, built.shapes);
  const store = new TensorStore(device);
  try {
    for (const [name, t] of Object.entries(inputs)) store.pin(t, arrays[name]!.data);
    const comparisons: Comparison[] = [];
    if (isPart('forward') || !expected.y) {
      const forward = recordForward(op, attrs, inputs, target);
      const actual = await runAndRead(store, forward.dispatches, forward.y);
      expected.y ??= ndarray(forward.y.shape, actual);
      const bound = f.reference.forwardBound(arrays, boundAttrs('forward'));
      const part = `${op.name}:forward:${title}`;
      if (isPart('forward')) comparisons.push(compare(part, actual, expected.forward, bound));
    }
    // The gradients start from the GPU's own y, so that both sides stand on the same side of every kink.
    const outputs = outputTensors(op, attrs, inputs);
    const { y } = expected;
    const dy = ndarray(
      y.shape,
      Float32Array.from({ length: sizeOf(y.shape) }, (_, i) => normal(99, i)),
    );
    store.pin(outputs.y, y.data);
    store.pin(outputs.dy, dy.data);
    for (const name of Object.keys(op.backward)) {
      if (!inputs[name] || !isPart(`backward:${name}`)) continue;
      const rule = f.reference.backward[name];
      const boundRule = f.reference.backwardBound[name];
      if (!rule || !boundRule) throw new InputError(`${op.name}: the reference has no gradient for ${name}`);
      const backward = recordBackward(op, attrs, inputs, outputs, name, target);
      const dx = await runAndRead(store, backward.dispatches, backward.dx);
      const bound = boundRule(arrays, y, dy, boundAttrs(`backward:${name}`));
      const part = `${op.name}:backward:${name}:${title}`;
      const gradient = expected.gradients.get(name) ?? rule(arrays, y, dy, attrs);
      expected.gradients.set(name, gradient);
      comparisons.push(compare(part, dx, gradient, bound));
    }
    return comparisons;
  } finally {
    store.destroy();
  }
}

async function runAndRead(
  store: TensorStore,
  dispatches: readonly Dispatch<Tensor>[],
  result: Tensor,
): Promise<Float32Array> {
  const program = await Program.compile(store, dispatches, { keep: [result] });
  try {
    // Poisoned slots: whatever a kernel forgets to write or should not read shows as NaN.
    program.runPoisoned();
    return await program.read(result);
  } finally {
    program.destroy();
  }
}

/** Elementwise comparison under a derived bound; shows the neighbourhood of the first failure. */
export function compare(
  name: string,
  actual: ArrayLike<number>,
  expected: NdArray,
  bound: Bound,
): Comparison {
  const factor = TOLERANCE_FACTOR * Math.sqrt(bound.terms) * UNIT_ROUNDOFF;
  let worst = 0;
  let first = -1;
  for (let i = 0; i < expected.data.length; i++) {
    const tolerance = factor * bound.magnitude.data[i]! + 2 ** -126;
    const error = Math.abs(actual[i]! - expected.data[i]!);
    const ratio = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / tolerance;
    if (ratio > worst) worst = ratio;
    if (ratio > 1 && first < 0) first = i;
  }
  if (actual.length !== expected.data.length) first = 0;
  return {
    name,
    ok: first < 0,
    worst,
    report: first < 0 ? '' : excerpt(name, actual, expected, bound, factor, first),
  };
}

function excerpt(
  name: string,
  actual: ArrayLike<number>,
  expected: NdArray,
  bound: Bound,
  factor: number,
  at: number,
): string {
  const from = Math.max(0, at - 2);
  const rows: string[] = [];
  for (let i = from; i < Math.min(expected.data.length, at + 6); i++) {
    const tolerance = factor * bound.magnitude.data[i]!;
    const bad = !(Math.abs(actual[i]! - expected.data[i]!) <= tolerance);
    rows.push(
      `  [${i}] actual ${actual[i]} ${bad ? '<-' : '  '} expected ${expected.data[i]} ± ${tolerance.toExponential(2)}`,
    );
  }
  return `${name}: ${actual.length} values for shape [${expected.shape.join(',')}]\n${rows.join('\n')}`;
}

/**
 * The CPU gradient of sum(dy * y) against central differences in float64, at up to `samples` positions of each
 * input. The difference formula itself errs by about step^2 and 2^-52 / step.
 */
export function checkGradient(f: CaseFamily, text: string, samples = 24): Comparison[] {
  const op = f.op as unknown as OpSpec<unknown>;
  const built = buildCase(f, text);
  const attrs = built.attrs as never;
  const inputs = caseInputs(built, 5);
  const y = f.reference.forward(inputs, attrs);
  const dy = ndarray(
    y.shape,
    Float64Array.from({ length: y.data.length }, (_, i) => normal(77, i)),
  );
  const objective = (changed: Arrays) =>
    f.reference.forward(changed, attrs).data.reduce((sum, value, i) => sum + value * dy.data[i]!, 0);
  const step = 1e-5;
  return Object.keys(f.reference.backward)
    .filter((name) => inputs[name])
    .map((name) => {
      const input = inputs[name]!;
      const gradient = f.reference.backward[name]!(inputs, y, dy, attrs);
      const count = Math.min(samples, input.data.length);
      const expected = zeros([count]);
      const actual = new Float64Array(count);
      for (let i = 0; i < count; i++) {
        const at = Math.floor((i * input.data.length) / count);
        const moved = (by: number) => {
          const data = Float64Array.from(input.data);
          data[at]! += by;
          return objective({ ...inputs, [name]: { shape: input.shape, data } });
        };
        expected.data[i] = (moved(step) - moved(-step)) / (2 * step);
        actual[i] = gradient.data[at]!;
      }
      const scale = gradient.data.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
      const magnitude = zeros([count]);
      // 1e-6 of the largest gradient, expressed in the units of `compare`.
      magnitude.data.fill((1e-6 * scale) / (TOLERANCE_FACTOR * UNIT_ROUNDOFF));
      return compare(`${op.name}:gradient:${name}:${text}`, actual, expected, { magnitude, terms: 1 });
    });
}
