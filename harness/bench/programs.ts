// One op's bench entries as programs to time, each checked first.
import { FacetError } from '../../src/base/errors.js';
import { geometryOf } from '../../src/base/layout.js';
import { normal } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import type { Tensor } from '../../src/base/tensor.js';
import type { Device } from '../../src/gpu/device.js';
import type { Dispatch, Target } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import type { OpSpec } from '../../src/kernels/op.js';
import type { CaseFamily } from '../cases/family.js';
import { buildCase, caseInputs, checkCase } from '../check.js';
import { caseTensors, outputTensors, recordBackward, recordForward } from '../record.js';
import type { Timed } from './measure.js';

/** `forward` or `backward:x`, and what it dispatches. */
interface Direction {
  readonly part: string;
  readonly dispatches: readonly Dispatch<Tensor>[];
  /** What one run reads and writes at least: every tensor that outlives it, once. */
  readonly bytes: number;
  readonly result: Tensor;
}

/** The forward pass and each gradient of a case, its filters being constants as in a net. */
function directionsOf(f: CaseFamily, text: string, target: Target) {
  const op = f.op as unknown as OpSpec<unknown>;
  const { shapes, attrs } = buildCase(f, text);
  const inputs = caseTensors(op, shapes, true);
  const outputs = outputTensors(op, attrs, inputs);
  const forward = recordForward(op, attrs, inputs, target);
  const present = Object.fromEntries(
    Object.entries(shapes).flatMap(([name, shape]) => (shape ? [[name, shape]] : [])),
  );
  const cost = op.cost(present, attrs);
  const directions: Direction[] = [
    { part: 'forward', dispatches: forward.dispatches, bytes: cost.bytes, result: forward.y },
  ];
  for (const name of Object.keys(op.backward)) {
    if (!inputs[name]) continue;
    const { dx, dispatches } = recordBackward(op, attrs, inputs, outputs, name, target);
    directions.push({
      part: `backward:${name}`,
      dispatches,
      bytes: lastingBytes(dispatches, dx),
      result: dx,
    });
  }
  return { inputs, outputs, directions, flops: cost.flops };
}

function lastingBytes(dispatches: readonly Dispatch<Tensor>[], result: Tensor): number {
  const touched = new Set(dispatches.flatMap(({ buffers }) => Object.values(buffers)));
  const lasting = [...touched].filter((t) => t.lifetime === 'pinned' || t === result);
  return lasting.reduce((sum, t) => sum + geometryOf(t.shape, t.layout).bytes, 0);
}

/** Kernel variants in the dispatches of a case, as text. */
function variantsOf(f: CaseFamily, text: string, target: Target): Set<string> {
  const { directions } = directionsOf(f, text, target);
  const all = directions.flatMap(({ dispatches }) => dispatches);
  return new Set(all.map(({ kernel, variant }) => `${kernel.name} ${JSON.stringify(variant)}`));
}

/** The case with C, K, H and W cut to `largest`. */
export function cutExtents(text: string, largest: number): string {
  return text.replace(
    /\b([CKHW])=(\d+)/g,
    (_, key: string, value: string) => `${key}=${Math.min(largest, Number(value))}`,
  );
}

/** The entry with its extents cut to 16; undefined where the op does not take that. */
function shrunk(f: CaseFamily, text: string): string | undefined {
  const small = cutExtents(text, 16);
  try {
    outputTensors(
      f.op as unknown as OpSpec<unknown>,
      buildCase(f, small).attrs,
      caseTensors(f.op as unknown as OpSpec<unknown>, buildCase(f, small).shapes),
    );
    return small;
  } catch (error) {
    if (error instanceof FacetError) return undefined;
    throw error;
  }
}

/** Checks a small case that runs the same kernel variants as `text`, or `text` itself where there is none. */
async function checkFirst(device: Device, f: CaseFamily, text: string): Promise<void> {
  const wanted = variantsOf(f, text, device.target);
  const small = shrunk(f, text);
  const covers = (candidate: string) => {
    const found = variantsOf(f, candidate, device.target);
    return [...wanted].every((variant) => found.has(variant));
  };
  const chosen = [...(small ? [small] : []), ...f.cases].find(covers) ?? text;
  for (const result of await checkCase(device, f, chosen)) {
    if (!result.ok)
      throw new FacetError(`bench: ${result.name} is wrong, so its speed means nothing\n${result.report}`);
  }
}

/** Programs of one op's bench entries, with what they own. */
export interface BenchSet {
  readonly timed: readonly Timed[];
  destroy(): void;
}

/** Every name that an op's bench entries may have: `conv2d:backward:x:C=64;H=32;W=32;K=64`. */
export function benchNames(f: CaseFamily): string[] {
  const parts = ['forward', ...Object.keys(f.op.backward).map((name) => `backward:${name}`)];
  return f.bench.flatMap((text) => parts.map((part) => `${f.op.name}:${part}:${text}`));
}

/** Checks and compiles those parts of an op's bench entries whose names `isWanted`; FacetError where one is wrong. */
export async function benchSet(
  device: Device,
  f: CaseFamily,
  isWanted: (name: string) => boolean,
): Promise<BenchSet> {
  const store = new TensorStore(device);
  const timed: Timed[] = [];
  const destroy = () => {
    for (const { program } of timed) program.destroy();
    store.destroy();
  };
  try {
    for (const text of f.bench) {
      const { inputs, outputs, directions, flops } = directionsOf(f, text, device.target);
      const named = directions.map((direction) => ({
        ...direction,
        name: `${f.op.name}:${direction.part}:${text}`,
      }));
      const wanted = named.filter(({ name }) => isWanted(name));
      if (wanted.length === 0) continue;
      await checkFirst(device, f, text);
      const arrays = caseInputs(buildCase(f, text), 1);
      for (const [name, t] of Object.entries(inputs)) store.pin(t, arrays[name]!.data);
      for (const t of Object.values(outputs)) store.pin(t, noise(t));
      for (const { name, dispatches, bytes, result } of wanted) {
        const program = await Program.compile(store, dispatches, { keep: [result], label: name });
        timed.push({ name, program, flops, bytes });
      }
    }
    return { timed, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

/** Standard normal values: zeros would be kinder to the arithmetic than a net is. */
function noise(t: Tensor): Float32Array {
  return Float32Array.from({ length: sizeOf(t.shape) }, (_, i) => normal(99, i));
}
