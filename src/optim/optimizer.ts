// What a task needs of an optimiser: it records its step behind the gradient and is told the step's number.
import type { Tensor } from '../base/tensor.js';
import type { Program } from '../graph/program.js';
import type { Tape } from '../graph/tape.js';

/** Updates a pinned parameter on the GPU, step by step. */
export interface Optimizer {
  /** Records one update of the pinned `parameter` from `gradient`. */
  record(tape: Tape, parameter: Tensor, gradient: Tensor): void;
  /** Sets what changes with the step; `step` counts from 1 and is the number of the update about to run. */
  beforeStep(program: Program, step: number): void;
  /** Everything that must be kept to go on bit-exactly, by name; pinned tensors. */
  state(): ReadonlyMap<string, Tensor>;
}
