// The candidates of one tunable op as compiled programs that were found to agree.
import { KernelError, OutOfMemoryError } from '../base/errors.js';
import { uniform } from '../base/random.js';
import { sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { TOLERANCE_FACTOR, UNIT_ROUNDOFF } from '../base/tolerance.js';
import { mergeChoices } from '../gpu/choices.js';
import type { Device } from '../gpu/device.js';
import type { Dispatch, Target } from '../gpu/kernel.js';
import { TensorStore } from '../gpu/store.js';
import { inputTensors, outputTensors, recordBackward, recordForward } from './alone.js';
import { Program } from './program.js';
import type { TuneItem } from './tunables.js';

/** Compiled candidates, the default first; whoever prepared them destroys them. */
export interface PreparedItem {
  readonly candidates: readonly { readonly name: string; readonly program: Program }[];
  /** Candidates that do not compile, do not fit or compute something else, and why. */
  readonly rejected: Readonly<Record<string, string>>;
  destroy(): void;
}

/** Names of the candidates that differ in what they dispatch on `target`, the default first. Touches no GPU. */
export function distinctCandidates(item: TuneItem, target: Target): string[] {
  const operands = operandsOf(item);
  const seen = new Set<string>();
  return item.tunable.candidates.filter((name) => {
    const { dispatches } = record(item, operands, targetWith(item, target, name));
    const text = JSON.stringify(
      dispatches.map(({ kernel, variant, params, workgroups }) => [kernel.name, variant, params, workgroups]),
    );
    return !seen.has(text) && seen.add(text);
  });
}

/**
 * Compiles the `names` of an item's candidates and runs each once on the same random values. Whatever misses the first
 * by more than the tolerance of the two is rejected. KernelError where the first gives NaN or cannot be compiled,
 * OutOfMemoryError where the item does not fit.
 */
export async function prepareItem(
  device: Device,
  item: TuneItem,
  names: readonly string[],
): Promise<PreparedItem> {
  const [defaultName, ...others] = names as [string, ...string[]];
  const magnitude = await largestMagnitude(device, item, defaultName);
  const store = new TensorStore(device);
  const candidates: { name: string; program: Program }[] = [];
  const rejected: Record<string, string> = {};
  const destroy = () => {
    for (const { program } of candidates) program.destroy();
    store.destroy();
  };
  const operands = operandsOf(item);
  try {
    const first = await compile(store, item, operands, defaultName, (value) => value);
    candidates.push({ name: defaultName, program: first.program });
    const expected = await runOnce(first);
    for (const name of others) {
      const wrong = await tried(async () => {
        const { program, result } = await compile(store, item, operands, name, (value) => value);
        try {
          const complaint = disagreement(await runOnce({ program, result }), expected, {
            allowed: toleranceOf(item, [defaultName, name], magnitude),
            against: defaultName,
          });
          if (complaint === undefined) candidates.push({ name, program });
          else program.destroy();
          return complaint;
        } catch (error) {
          program.destroy();
          throw error;
        }
      });
      if (wrong !== undefined) rejected[name] = wrong;
    }
    return { candidates, rejected, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

/** What the adapter refuses is a reason to reject a candidate; anything else is not the candidate's. */
async function tried(work: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KernelError || error instanceof OutOfMemoryError) return error.message;
    throw error;
  }
}

interface Operands {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: { readonly y: Tensor; readonly dy: Tensor };
}

function operandsOf({ op, shapes, attrs, constants }: TuneItem): Operands {
  const { y: _y, ...given } = shapes;
  const inputs = inputTensors(op, given, (name) => constants.includes(name));
  return { inputs, outputs: outputTensors(op, attrs, inputs) };
}

function targetWith({ tunable: { family, bucket } }: TuneItem, target: Target, name: string): Target {
  return { ...target, choices: mergeChoices(target.choices, { [family]: { [bucket]: name } }) };
}

function record(
  { op, direction, attrs }: TuneItem,
  { inputs, outputs }: Operands,
  target: Target,
): { result: Tensor; dispatches: readonly Dispatch<Tensor>[] } {
  if (direction === 'forward') {
    const { y, dispatches } = recordForward(op, attrs, inputs, target);
    return { result: y, dispatches };
  }
  const name = direction.replace(/^backward:/, '');
  const { dx, dispatches } = recordBackward(op, attrs, inputs, outputs, name, target);
  return { result: dx, dispatches };
}

async function compile(
  store: TensorStore,
  item: TuneItem,
  operands: Operands,
  name: string,
  map: (value: number) => number,
): Promise<{ program: Program; result: Tensor }> {
  const { result, dispatches } = record(item, operands, targetWith(item, store.device.target, name));
  const used = new Set(dispatches.flatMap(({ buffers }) => Object.values(buffers)));
  for (const [seed, t] of [...Object.values(operands.inputs), ...Object.values(operands.outputs)].entries()) {
    if (!used.has(t) || store.has(t)) continue;
    // y only says where a rectifier was open: it has its sign in every run.
    const value = t === operands.outputs.y ? (v: number) => v : map;
    const values = Float32Array.from({ length: sizeOf(t.shape) }, (_, i) => value(2 * uniform(seed, i) - 1));
    store.pin(t, values);
  }
  const label = `${item.op.name}:${item.direction} ${item.tunable.bucket} as ${name}`;
  const program = await Program.compile(store, dispatches, { keep: [result], label });
  return { program, result };
}

async function runOnce({ program, result }: { program: Program; result: Tensor }): Promise<Float32Array> {
  program.run();
  return program.read(result);
}

/**
 * The largest sum |a_i b_i| of a result's element: what the op, or the one that it names for that, makes of the values'
 * absolutes, since every op with tunables is a sum of products of its inputs.
 */
async function largestMagnitude(device: Device, given: TuneItem, name: string): Promise<number> {
  const item = { ...given, ...given.op.magnitude?.(given.shapes, given.attrs) };
  const store = new TensorStore(device);
  try {
    const { program, result } = await compile(store, item, operandsOf(item), name, Math.abs);
    try {
      let largest = 0;
      for (const value of await runOnce({ program, result })) {
        if (!Number.isFinite(value)) {
          throw new KernelError(
            `${given.op.name}:${given.direction} ${given.tunable.bucket}: ${name}, the default, gives ${value} on this adapter`,
          );
        }
        largest = Math.max(largest, Math.abs(value));
      }
      return largest;
    } finally {
      program.destroy();
    }
  } finally {
    store.destroy();
  }
}

/** The tolerances of docs/numerics.md of all `names` together, at the largest magnitude: tiles mix neighbours. */
function toleranceOf(
  { op, shapes, attrs, direction, tunable }: TuneItem,
  names: readonly string[],
  magnitude: number,
) {
  const { y, ...inputs } = shapes;
  const result = direction === 'forward' ? y! : inputs[direction.replace(/^backward:/, '')]!;
  const terms = Math.max(1, op.cost(inputs, attrs).flops / 2 / sizeOf(result));
  const factor = names.reduce((sum, name) => sum + (tunable.tolerance?.[name] ?? 1), 0);
  return factor * TOLERANCE_FACTOR * Math.sqrt(terms) * UNIT_ROUNDOFF * magnitude;
}

/** What is wrong with `actual`, if anything. */
function disagreement(
  actual: Float32Array,
  expected: Float32Array,
  { allowed, against }: { allowed: number; against: string },
): string | undefined {
  for (const [i, value] of actual.entries()) {
    if (Math.abs(value - expected[i]!) <= allowed) continue;
    return `gives ${value} at [${i}] where ${against} gives ${expected[i]}, and may differ by ${allowed.toExponential(2)}`;
  }
  return undefined;
}
