// What a rule of `backward` may do to its gradient in passing: add what other readers gave, and mask it.
import type { Finish } from '../../shaders/finish.js';
import type { Tensor } from '../base/tensor.js';
import type { Bindings } from '../gpu/kernel.js';
import type { Tensors } from './op.js';

/** Tensors of the gradient's shape and layout, where there are any. */
export interface FinishTensors {
  /** Is added to the gradient. */
  readonly earlier?: Tensor | undefined;
  /** Where it is not above 0, the result is 0. */
  readonly mask?: Tensor | undefined;
}

/** A kernel that finishes nothing. */
export const UNFINISHED: Finish = { add: false, mask: false };

/** The variants in which gradients are finished: listed by each kernel that can. */
export const FINISHES: readonly Finish[] = [
  { add: true, mask: false },
  { add: false, mask: true },
  { add: true, mask: true },
];

/** The part of a variant that follows from the tensors. */
export function finishOf({ earlier, mask }: FinishTensors): Finish {
  return { add: earlier !== undefined, mask: mask !== undefined };
}

/** The last bindings of a kernel. */
export function finishBindings({ add, mask }: Partial<Finish>): Bindings {
  return { ...(add ? { earlier: 'read' as const } : {}), ...(mask ? { mask: 'read' as const } : {}) };
}

/** Their tensors. */
export function finishTensors({ earlier, mask }: FinishTensors): Tensors {
  return { ...(earlier ? { earlier } : {}), ...(mask ? { mask } : {}) };
}
