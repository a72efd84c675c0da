// Whether a training fits an adapter, told before anything is allocated or compiled.
import { KernelError } from '../base/errors.js';
import type { Target } from '../gpu/kernel.js';
import { planTraining } from './recording.js';
import type { RecordGraph, TrainerOptions } from './types.js';
import type { WeightSpec } from './weights.js';

const MIB = 2 ** 20;

/**
 * Why a training cannot run on `target`, in words with the numbers: a grid with more workgroups than a dimension may have, or
 * a tensor that is larger than a binding. Undefined where it can, as far as one knows without asking for the memory.
 */
export function misfitOf(
  target: Target,
  specs: readonly WeightSpec[],
  record: RecordGraph,
  options: TrainerOptions,
): string | undefined {
  try {
    const { batch, update } = planTraining(target, specs, record, options);
    const slots = [...batch.slots, ...(update?.slots ?? [])];
    const [largest] = slots.toSorted((a, b) => b.bytes - a.bytes);
    if (!largest || largest.bytes <= target.maxBindingBytes) return undefined;
    const [size, limit] = [largest.bytes, target.maxBindingBytes].map((bytes) => (bytes / MIB).toFixed(1));
    return `${largest.tensors[0]} takes ${size} MiB, one binding of this adapter holds ${limit}`;
  } catch (error) {
    if (error instanceof KernelError) return error.message;
    throw error;
  }
}

/** The largest n from 1 to `most` for which `fits(n)`, where all below one that fits do too; 0 where none does. */
export function largestThatFits(most: number, fits: (n: number) => boolean): number {
  let [low, high] = [0, most + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
