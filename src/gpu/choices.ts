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

/** The power of two at or above `count`, which shapes of one bucket share. */
export function bucketOf(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
