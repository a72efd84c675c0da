// Which of several ways of computing the same thing is taken, by the shapes it is asked for.
import { KernelError } from '../base/errors.js';

/**
 * Names of candidates by family (`conv2d`) and bucket of shapes (`3x3s1 c256 k256 px4096`). The bucket `*` stands
 * for every one that is not named. What does not apply to a shape or an adapter is passed over.
 */
export type Choices = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Something that can be computed in several ways; the first candidate is the default. */
export interface Tunable {
  readonly family: string;
  /** Shapes that one measurement stands for. */
  readonly bucket: string;
  /** Those that apply to this adapter and these shapes; never empty. */
  readonly candidates: readonly string[];
  /** Tolerance of a candidate over that of a plain f32 sum of products (docs/numerics.md), where that is not 1. */
  readonly tolerance?: Readonly<Record<string, number>>;
}

/** `forced` where given (KernelError where it does not apply), else what `choices` name, else the default. */
export function choose(choices: Choices | undefined, tunable: Tunable, forced?: string): string {
  const { family, bucket, candidates } = tunable;
  if (forced !== undefined) {
    if (candidates.includes(forced)) return forced;
    throw new KernelError(
      `${family}: ${forced} does not apply to ${bucket} on this adapter; there is ${candidates.join(', ')}`,
    );
  }
  const named = [choices?.[family]?.[bucket], choices?.[family]?.['*']];
  return named.find((name) => name !== undefined && candidates.includes(name)) ?? candidates[0]!;
}

/**
 * `over` laid on `base`, bucket by bucket, in alphabetical order: equal choices make equal texts. A `*` of `over`
 * stands for every bucket, those that `base` names too.
 */
export function mergeChoices(base: Choices | undefined, over: Choices | undefined): Choices {
  const families = new Set([...Object.keys(base ?? {}), ...Object.keys(over ?? {})]);
  const merged = [...families].map((family) => {
    const kept = over?.[family]?.['*'] === undefined ? base?.[family] : {};
    return [family, sorted(Object.entries({ ...kept, ...over?.[family] }))] as const;
  });
  return sorted(merged);
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The power of two at or above `count`, which shapes of one bucket share. */
export function bucketOf(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
