// A case is a line of text: its name is the command that runs it.
import { InputError } from '../../src/base/errors.js';
import type { Shape } from '../../src/base/shape.js';
import type { OpSpec } from '../../src/kernels/op.js';
import type { ReferenceOp } from '../../src/reference/array.js';

/** Parsed `N=1;C=64;relu` : numbers by key, bare words as 1. */
export class CaseParams {
  private readonly used = new Set<string>();
  private constructor(
    readonly text: string,
    private readonly values: ReadonlyMap<string, string>,
  ) {}

  static parse(text: string): CaseParams {
    const pairs = text
      .split(';')
      .filter(Boolean)
      .map((part) => part.split('=') as [string, string?]);
    return new CaseParams(text, new Map(pairs.map(([key, value]) => [key, value ?? '1'])));
  }

  /** The number under `key`, or `fallback`; without a fallback it must be given. */
  number(key: string, fallback?: number): number {
    this.used.add(key);
    const text = this.values.get(key);
    if (text === undefined && fallback !== undefined) return fallback;
    const value = Number(text);
    if (text === undefined || !Number.isFinite(value))
      throw new InputError(`case ${this.text}: ${key} must be a number`);
    return value;
  }

  flag(key: string): boolean {
    return this.number(key, 0) !== 0;
  }

  word(key: string, fallback: string): string {
    this.used.add(key);
    return this.values.get(key) ?? fallback;
  }

  assertAllUsed(): void {
    for (const key of this.values.keys()) {
      if (!this.used.has(key))
        throw new InputError(`case ${this.text}: ${key} is not a parameter of this op`);
    }
  }
}

/** Builds one op's inputs and attributes from a case. */
export interface BuiltCase {
  readonly shapes: Readonly<Record<string, Shape | undefined>>;
  readonly attrs: Record<string, unknown>;
  /** Inputs whose values are not standard normal: maps a normal sample (and index) to the value. */
  readonly values?: Readonly<Record<string, (normal: number, index: number) => number>>;
}

/** Everything the checks and benches need of one op. */
export interface CaseFamily {
  readonly op: OpSpec<never>;
  readonly reference: ReferenceOp<never>;
  build(params: CaseParams): BuiltCase;
  /** GPU against CPU, forward and every gradient. */
  readonly cases: readonly string[];
  /** CPU gradient against finite differences: small. */
  readonly gradients: readonly string[];
  /** Shapes worth timing. */
  readonly bench: readonly string[];
}

/** Forgets an op's attribute type, so that families of all ops fit one table. */
export function family<A>(spec: {
  op: OpSpec<A>;
  reference: ReferenceOp<A>;
  build(params: CaseParams): Omit<BuiltCase, 'attrs'> & { attrs: A };
  cases: readonly string[];
  gradients: readonly string[];
  bench: readonly string[];
}): CaseFamily {
  return spec as unknown as CaseFamily;
}
