// Which variants of which kernels ops, optimisers and the tape ask for, found by recording every case for several kinds of adapter.
import type { CaseFamily } from '../../harness/cases/family.js';
import { buildSearch, type SearchFamily } from '../../harness/cases/search.js';
import { buildSteps, type StepFamily } from '../../harness/cases/step.js';
import { buildCase } from '../../harness/check.js';
import { recordSearch } from '../../harness/check-search.js';
import { caseTensors, outputTensors, recordBackward, recordForward } from '../../harness/record.js';
import { tensor } from '../../src/base/tensor.js';
import { type KernelSpec, PLAIN_TARGET, type Target, type Variant } from '../../src/gpu/kernel.js';
import { dryStore } from '../../src/gpu/store.js';
import { Tape } from '../../src/graph/tape.js';
import { weightedAddOp } from '../../src/kernels/arithmetic.js';
import type { OpSpec } from '../../src/kernels/op.js';

export interface KernelVariant {
  readonly kernel: KernelSpec;
  readonly variant: Variant;
}

/** A rasteriser with and without subgroups of one size, and a GPU with and without. */
const TARGETS: readonly Target[] = [8, 0, 32].flatMap((subgroupSize) =>
  [true, false].map((cpu) => ({
    ...PLAIN_TARGET,
    subgroupSize,
    cpu,
  })),
);

/** Every variant in a dispatch of some case or bench entry on some target. */
export function askedFor(families: readonly CaseFamily[]): KernelVariant[] {
  return families.flatMap((f) => {
    const op = f.op as unknown as OpSpec<unknown>;
    return [...f.cases, ...f.bench].flatMap((text) => {
      const { shapes, attrs } = buildCase(f, text);
      const inputs = caseTensors(op, shapes);
      const outputs = outputTensors(op, attrs, inputs);
      const names = Object.keys(op.backward).filter((name) => inputs[name]);
      return TARGETS.flatMap((target) => [
        ...recordForward(op, attrs, inputs, target).dispatches,
        ...names.flatMap((name) => recordBackward(op, attrs, inputs, outputs, name, target).dispatches),
      ]);
    });
  });
}

/** Every variant in a step of some optimiser's case or bench entry on some target. */
export function askedForBySteps(families: readonly StepFamily[]): KernelVariant[] {
  return families.flatMap((f) =>
    [...f.cases, ...f.bench].flatMap((text) => {
      const built = buildSteps(f, text);
      return TARGETS.flatMap((target) => {
        const tape = new Tape(target);
        const pinned = (name: string) => tensor(name, built.shape, { lifetime: 'pinned' });
        built.optimizer(dryStore).record(tape, pinned('x'), pinned('gradient'));
        return tape.dispatches;
      });
    }),
  );
}

/** Every variant in some case or bench entry of a search on some target. */
export function askedForBySearches(families: readonly SearchFamily[]): KernelVariant[] {
  return families.flatMap((f) =>
    [...f.cases, ...f.bench].flatMap((text) => {
      const built = buildSearch(f, text);
      return TARGETS.flatMap((target) => recordSearch(target, built).found.dispatches);
    }),
  );
}

/** What the tape itself adds to ops: the gradient of a loss to itself, and sums of gradients. */
export function askedForByTape(): KernelVariant[] {
  return TARGETS.flatMap((target) => {
    const tape = new Tape(target);
    const x = tensor('x', [1], { lifetime: 'pinned' });
    const half = tape.record(weightedAddOp, 'half', { a: x }, { alpha: 0.5 });
    tape.backward(tape.record(weightedAddOp, 'sum', { a: half, b: half }, { alpha: 1, beta: 1 }), [x]);
    return tape.dispatches;
  });
}

/** One entry a kernel and variant, whatever the order of the variant's keys, with a title. */
export function distinct(entries: readonly KernelVariant[]): (KernelVariant & { title: string })[] {
  const found = new Map<string, KernelVariant & { title: string }>();
  for (const { kernel, variant } of entries) {
    const sorted = Object.fromEntries(Object.entries(variant).sort(([a], [b]) => a.localeCompare(b)));
    const title = `${kernel.name} ${JSON.stringify(sorted)}`;
    found.set(title, { kernel, variant, title });
  }
  return [...found.values()];
}
