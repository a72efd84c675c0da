// Which variants of which kernels ops ask for, found by recording every case for several kinds of adapter.
import type { CaseFamily } from '../../harness/cases/family.js';
import { buildCase } from '../../harness/check.js';
import { caseTensors, outputTensors, recordBackward, recordForward } from '../../harness/record.js';
import type { KernelSpec, Target, Variant } from '../../src/gpu/kernel.js';
import type { OpSpec } from '../../src/kernels/op.js';

export interface KernelVariant {
  readonly kernel: KernelSpec;
  readonly variant: Variant;
}

/** A rasteriser with and without subgroups of one size, and a GPU with and without. */
const TARGETS: readonly Target[] = [8, 0, 32].flatMap((subgroupSize) =>
  [true, false].map((cpu) => ({
    subgroupSize,
    cpu,
    maxWorkgroups: 65535,
    maxBindingBytes: 2 ** 27,
    maxTextureSize: 8192,
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
