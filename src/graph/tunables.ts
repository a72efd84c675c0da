// What of a tape can be computed in several ways.
import type { Tunable } from '../gpu/choices.js';
import type { OpSpec, Shapes } from '../kernels/op.js';
import { shapesOf, type Tape } from './tape.js';

/** One op in one direction: all that is needed to compute it alone, in each of its ways. */
export interface TuneItem {
  readonly tunable: Tunable;
  readonly op: OpSpec<unknown>;
  /** `forward`, or `backward:x`. */
  readonly direction: string;
  /** By input name, and that of `y`. */
  readonly shapes: Shapes;
  readonly attrs: unknown;
  /** Inputs that never change: what is made of them alone does not count. */
  readonly constants: readonly string[];
  /** Where it was recorded (`conv3_2`). */
  readonly where: string;
}

/** One item for each (family, bucket) that is computed on the tape: the first recorded one. */
export function tunablesOf(tape: Tape): TuneItem[] {
  const found = new Map<string, TuneItem>();
  for (const { op, where, inputs, attrs, y, differentiated } of tape.ops) {
    const shapes: Shapes = { ...shapesOf(inputs), y: y.shape };
    const constants = Object.keys(inputs).filter((name) => inputs[name]!.constant);
    for (const [direction, tunable] of Object.entries(op.tunables?.(shapes, attrs, tape.target) ?? {})) {
      const isRecorded = direction === 'forward' || differentiated.has(direction.replace(/^backward:/, ''));
      const key = bucketKey(tunable);
      if (!isRecorded || found.has(key)) continue;
      found.set(key, { tunable, op, direction, shapes, attrs, constants, where });
    }
  }
  return [...found.values()];
}

/** A family and a bucket as one word. */
export function bucketKey({ family, bucket }: Pick<Tunable, 'family' | 'bucket'>): string {
  return `${family}\n${bucket}`;
}
