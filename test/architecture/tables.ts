// Kernels, ops and cases as the code exports them, and what is missing between them.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CaseFamily } from '../../harness/cases/family.js';
import type { StepFamily } from '../../harness/cases/step.js';
import type { KernelSpec } from '../../src/gpu/kernel.js';
import type { OpSpec } from '../../src/kernels/op.js';
import { ROOT, sourcesIn } from './source.js';

/** Every object that a module of src/kernels exports and `is` accepts; functions of the same shape aside. */
async function exported<T>(is: (value: object) => boolean): Promise<T[]> {
  const found = new Set<object>();
  for (const { path } of sourcesIn('src/kernels')) {
    const module = (await import(/* @vite-ignore */ pathToFileURL(join(ROOT, path)).href)) as Record<
      string,
      unknown
    >;
    for (const value of Object.values(module)) {
      if (typeof value === 'object' && value !== null && is(value)) found.add(value);
    }
  }
  return [...found] as T[];
}

export const exportedKernels = () =>
  exported<KernelSpec>((value) => 'shader' in value && 'variants' in value);

export const exportedOps = () =>
  exported<OpSpec<never>>((value) => 'forward' in value && 'backward' in value);

/** Rule 4a: shaders and kernels come in pairs of one name. */
export function pairViolations(
  shaderPaths: readonly string[],
  kernels: readonly Pick<KernelSpec, 'name' | 'variants'>[],
): string[] {
  const stems = shaderPaths.flatMap((path) => /([^/]+)\.wgsl\.ts$/.exec(path)?.[1] ?? []);
  const names = kernels.map(({ name }) => name);
  return [
    ...stems
      .filter((stem) => !names.includes(stem))
      .map((stem) => `shaders/${stem}.wgsl.ts has no kernel of its name`),
    ...names
      .filter((name) => !stems.includes(name))
      .map((name) => `kernel ${name} has no file shaders/${name}.wgsl.ts`),
    ...names.filter((name, i) => names.indexOf(name) !== i).map((name) => `two kernels are named ${name}`),
    ...kernels
      .filter(({ variants }) => variants.length === 0)
      .map(({ name }) => `kernel ${name} lists no variant`),
  ];
}

/** Rule 4b: every op has a reference with a gradient and a bound for each of its own, cases and a bench entry. */
export function familyViolations(ops: readonly OpSpec<never>[], families: readonly CaseFamily[]): string[] {
  const found: string[] = [];
  for (const op of ops) {
    const family = families.find((candidate) => candidate.op === op);
    if (!family) {
      found.push(`op ${op.name} is in no family of harness/cases/index.ts`);
      continue;
    }
    for (const table of ['cases', 'bench'] as const) {
      if (family[table].length === 0) found.push(`op ${op.name} has an empty table ${table}`);
    }
    const inputs = Object.keys(op.backward);
    if (inputs.length > 0 && family.gradients.length === 0)
      found.push(`op ${op.name} has an empty table gradients`);
    for (const input of inputs) {
      for (const table of ['backward', 'backwardBound'] as const) {
        if (!family.reference[table][input])
          found.push(`op ${op.name}: the reference has no ${table} for ${input}`);
      }
    }
  }
  const names = ops.map(({ name }) => name);
  return [
    ...found,
    ...names.filter((name, i) => names.indexOf(name) !== i).map((name) => `two ops are named ${name}`),
  ];
}

/** Rule 4c: every kernel runs in a case: of an op, of an optimiser, or of the tape's own. */
export function coverageViolations(
  kernels: readonly Pick<KernelSpec, 'name'>[],
  used: readonly Pick<KernelSpec, 'name'>[],
): string[] {
  const names = new Set(used.map(({ name }) => name));
  return kernels
    .filter(({ name }) => !names.has(name))
    .map(({ name }) => `kernel ${name} runs in no case of harness/cases/index.ts`);
}

/** Rule 4d: every optimiser and every search has cases and a bench entry. */
export function stepViolations(
  optimizers: readonly string[],
  steps: readonly Pick<StepFamily, 'name' | 'cases' | 'bench'>[],
): string[] {
  const names = steps.map(({ name }) => name);
  return [
    ...optimizers
      .filter((name) => !names.includes(name))
      .map((name) => `src/optim/${name}.ts has no family in harness/cases/index.ts`),
    ...steps.flatMap((f) =>
      (['cases', 'bench'] as const)
        .filter((table) => f[table].length === 0)
        .map((table) => `${f.name} has an empty table ${table}`),
    ),
  ];
}
