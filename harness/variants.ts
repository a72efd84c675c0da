// Every way in which a case can be computed: the candidates of its op's tunables, on this adapter as it is and, for
// checks, as if it were a GPU.
import { type Choices, choose, type Tunable } from '../src/gpu/choices.js';
import type { MatrixShape, Target } from '../src/gpu/kernel.js';
import type { OpSpec, Shapes } from '../src/kernels/op.js';
import { type CaseFamily, CaseParams } from './cases/family.js';

/** A candidate by name, and the target on which every tunable of the case takes it where it can. */
export interface CaseVariant {
  readonly name: string;
  readonly target: Target;
  /** `forward`, `backward:x`: where it is a candidate. */
  readonly directions: readonly string[];
}

/** Products of matrices in plain loops, for adapters without any: a square one and an oblong one. */
const EMULATED: readonly MatrixShape[] = [
  { m: 16, n: 16, k: 16, subgroup: 32, emulated: true },
  { m: 8, n: 16, k: 16, subgroup: 32, emulated: true },
];

/** What can be tuned in a case on `target`, by direction; nothing where the case names its algorithm. */
export function tunablesOf(f: CaseFamily, text: string, target: Target): Readonly<Record<string, Tunable>> {
  const op = f.op as unknown as OpSpec<unknown>;
  const { shapes, attrs } = f.build(CaseParams.parse(text));
  if (!op.tunables || attrs.algorithm !== undefined) return {};
  const present: Record<string, Shapes[string]> = {};
  for (const [name, shape] of Object.entries(shapes)) if (shape) present[name] = shape;
  const y = op.output(present, attrs, 'case').shape;
  return op.tunables({ ...present, y }, attrs, target);
}

/** The candidate that each direction of a case takes on `target`. */
export function chosenOf(f: CaseFamily, text: string, target: Target): Readonly<Record<string, string>> {
  const chosen = Object.entries(tunablesOf(f, text, target)).map(([direction, tunable]) => [
    direction,
    choose(target.choices, tunable),
  ]);
  return Object.fromEntries(chosen) as Record<string, string>;
}

/**
 * Whose candidates: the target's `own`; also those of a `gpu` and of mixed precision, fast here or not; or `all` that
 * it can run, matrices emulated where it has none.
 */
export type Scope = 'own' | 'gpu' | 'all';

/** The candidates of a case on `target`, the defaults first. */
export function candidatesOf(f: CaseFamily, text: string, target: Target, scope: Scope): CaseVariant[] {
  const { choices: _own, ...plain } = target;
  const found = new Map<string, CaseVariant>();
  for (const kind of scope === 'own' ? [plain] : kindsOf(plain, scope === 'all')) {
    const tunables = tunablesOf(f, text, kind);
    for (const { candidates } of Object.values(tunables)) {
      for (const name of candidates) {
        if (!found.has(name)) found.set(name, variantOf(kind, tunables, name));
      }
    }
  }
  return [...found.values()];
}

/** `target` as it is, as a GPU, and as one of mixed precision. */
function kindsOf(target: Target, emulate: boolean): Target[] {
  const gpu = { ...target, cpu: false };
  if (!target.f16) return [target, gpu];
  const matrices = emulate && target.matrices.length === 0 ? EMULATED : target.matrices;
  return [target, gpu, { ...gpu, precision: 'mixed', matrices }];
}

function variantOf(target: Target, tunables: Readonly<Record<string, Tunable>>, name: string): CaseVariant {
  const all = Object.entries(tunables);
  const choices: Choices = Object.fromEntries(all.map(([, { family }]) => [family, { '*': name }]));
  const directions = all.filter(([, { candidates }]) => candidates.includes(name)).map(([part]) => part);
  return { name, target: { ...target, choices }, directions };
}

/** A case's name with its variant. */
export function variantTitle(text: string, variant: CaseVariant | undefined): string {
  return variant ? `${text};variant=${variant.name}` : text;
}

/** The candidates in `scope` but for those that are taken without being told wherever they apply. */
export function othersOf(f: CaseFamily, text: string, target: Target, scope: Scope): CaseVariant[] {
  const own = chosenOf(f, text, target);
  return candidatesOf(f, text, target, scope).filter(({ name, directions }) =>
    directions.some((part) => own[part] !== name),
  );
}
