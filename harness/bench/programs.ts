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
import { type CaseVariant, chosenOf, othersOf, type Scope, variantTitle } from '../variants.js';
import type { Timed } from './measure.js';

/** `forward` or `backward:x`, and what it dispatches. */
interface Direction {
  readonly part: string;
  readonly dispatches: readonly Dispatch<Tensor>[];
  /** What one run reads and writes at least: every tensor that outlives it, once. */
  readonly bytes: number;
  readonly result: Tensor;
}

/** An op with the tensors and the cost of a case, its filters being constants as in a net. */
function operandsOf(f: CaseFamily, text: string) {
  const op = f.op as unknown as OpSpec<unknown>;
  const { shapes, attrs } = buildCase(f, text);
  const inputs = caseTensors(op, shapes, true);
  const outputs = outputTensors(op, attrs, inputs);
  const present = Object.fromEntries(
    Object.entries(shapes).flatMap(([name, shape]) => (shape ? [[name, shape]] : [])),
  );
  return { op, attrs, inputs, outputs, cost: op.cost(present, attrs) };
}

/** The forward pass and each gradient of a case on `target`. */
function directionsOf(
  { op, attrs, inputs, outputs, cost }: ReturnType<typeof operandsOf>,
  target: Target,
): Direction[] {
  const forward = recordForward(op, attrs, inputs, target);
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
  return directions;
}

function lastingBytes(dispatches: readonly Dispatch<Tensor>[], result: Tensor): number {
  const touched = new Set(dispatches.flatMap(({ buffers }) => Object.values(buffers)));
  const lasting = [...touched].filter((t) => t.lifetime === 'pinned' || t === result);
  return lasting.reduce((sum, t) => sum + geometryOf(t.shape, t.layout).bytes, 0);
}

/** Kernel variants in the dispatches of a case, as text. */
function variantsOf(f: CaseFamily, text: string, target: Target): Set<string> {
  const all = directionsOf(operandsOf(f, text), target).flatMap(({ dispatches }) => dispatches);
  return new Set(all.map(({ kernel, variant }) => `${kernel.name} ${JSON.stringify(variant)}`));
}

/** The case with N, C, K, H and W cut to `largest`. */
export function cutExtents(text: string, largest: number): string {
  return text.replace(
    /\b([NCKHW])=(\d+)/g,
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
async function checkFirst(device: Device, f: CaseFamily, { text, variant }: Entry): Promise<void> {
  const target = variant?.target ?? device.target;
  const wanted = variantsOf(f, text, target);
  const small = shrunk(f, text);
  const covers = (candidate: string) => {
    const found = variantsOf(f, candidate, target);
    return [...wanted].every((variant) => found.has(variant));
  };
  const chosen = [...(small ? [small] : []), ...f.cases].find(covers) ?? text;
  for (const result of await checkCase(device, f, chosen, variant)) {
    if (!result.ok)
      throw new FacetError(`bench: ${result.name} is wrong, so its speed means nothing\n${result.report}`);
  }
}

/** Programs of one op's bench entries, with what they own. */
export interface BenchSet {
  readonly timed: readonly Timed[];
  destroy(): void;
}

/** A bench entry as the adapter would run it, or by another candidate. */
interface Entry {
  readonly text: string;
  readonly variant?: CaseVariant;
}

/** An op's bench entries, each followed by its other candidates in `scope`. */
function entriesOf(f: CaseFamily, target: Target, scope: Scope): Entry[] {
  return f.bench.flatMap((text) => [
    { text },
    ...othersOf(f, text, target, scope).map((variant) => ({ text, variant })),
  ]);
}

/** The name of one direction of an entry; undefined where the adapter runs the candidate anyway, or cannot. */
function nameOf(f: CaseFamily, target: Target, { text, variant }: Entry, part: string): string | undefined {
  if (variant && !variant.directions.includes(part)) return undefined;
  if (variant && chosenOf(f, text, target)[part] === variant.name) return undefined;
  return `${f.op.name}:${part}:${variantTitle(text, variant)}`;
}

/** Every name of an op's bench entries: `conv2d:backward:x:C=64;H=32;W=32;K=64`, `...;variant=tiled/64x64`. */
export function benchNames(f: CaseFamily, target: Target, scope: Scope): string[] {
  const parts = ['forward', ...Object.keys(f.op.backward).map((name) => `backward:${name}`)];
  return entriesOf(f, target, scope).flatMap((entry) =>
    parts.flatMap((part) => nameOf(f, target, entry, part) ?? []),
  );
}

/** Checks and compiles those parts of an op's bench entries whose names `isWanted`; FacetError where one is wrong. */
export async function benchSet(
  device: Device,
  f: CaseFamily,
  scope: Scope,
  isWanted: (name: string) => boolean,
): Promise<BenchSet> {
  const store = new TensorStore(device);
  const timed: Timed[] = [];
  const destroy = () => {
    for (const { program } of timed) program.destroy();
    store.destroy();
  };
  try {
    // All candidates of a case work on the same tensors.
    const operands = new Map<string, ReturnType<typeof operandsOf>>();
    for (const entry of entriesOf(f, device.target, scope)) {
      const { text, variant } = entry;
      const known = operands.get(text) ?? operandsOf(f, text);
      const wanted = directionsOf(known, variant?.target ?? device.target).flatMap((direction) => {
        const name = nameOf(f, device.target, entry, direction.part);
        return name !== undefined && isWanted(name) ? [{ ...direction, name }] : [];
      });
      if (wanted.length === 0) continue;
      await checkFirst(device, f, entry);
      if (!operands.has(text)) {
        operands.set(text, known);
        const arrays = caseInputs(buildCase(f, text), 1);
        for (const [name, t] of Object.entries(known.inputs)) store.pin(t, arrays[name]!.data);
        for (const t of Object.values(known.outputs)) store.pin(t, noise(t));
      }
      for (const { name, dispatches, bytes, result } of wanted) {
        const program = await Program.compile(store, dispatches, { keep: [result], label: name });
        timed.push({ name, program, flops: known.cost.flops, bytes });
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
