// What an op's rules of `backward` are handed: what it saves, and the gradient of its result.
import type { Tensor } from '../base/tensor.js';
import type { Dispatch } from '../gpu/kernel.js';
import type { OpContext, OpSpec, Tensors } from '../kernels/op.js';
import { reluBackwardDispatch } from '../kernels/relu.js';

/** One use of an op: its inputs by name and its result. */
export interface OpUse {
  readonly op: OpSpec<unknown>;
  readonly inputs: Tensors;
  readonly attrs: unknown;
  readonly y: Tensor;
}

/** The inputs that gradients are handed on to, by name. */
export function attachedInputs({ op, inputs }: OpUse): [string, Tensor][] {
  return Object.entries(inputs).filter(([name]) => !op.detached?.includes(name));
}

/**
 * The tensors for the rules of `use`, given dJ/d(y), and the dispatches that make them: an op that rectifies its result
 * gets `dy` zero where y is, by a dispatch unless it is so already (`isMasked`), and one that prepares something for
 * its rules gets that too.
 */
export function ruleTensors(
  { op, inputs, attrs, y }: OpUse,
  dy: Tensor,
  context: OpContext,
  isMasked = false,
): { tensors: Tensors; dispatches: Dispatch<Tensor>[] } {
  // Handing over only what the op declares keeps `saves` true.
  const tensors: Record<string, Tensor> = { dy };
  for (const name of op.saves) {
    const value = name === 'y' ? y : inputs[name];
    if (value) tensors[name] = value;
  }
  const dispatches: Dispatch<Tensor>[] = [];
  if (!isMasked && op.rectifies?.(attrs)) {
    tensors.dy = context.scratch('dz', y.shape, y.layout);
    const label = `${op.name}:mask at ${context.where}`;
    dispatches.push(reluBackwardDispatch(label, context.target, y, dy, tensors.dy));
  }
  const prepared = op.prepares?.(tensors, attrs, context);
  if (!prepared) return { tensors, dispatches };
  return {
    tensors: { ...tensors, ...prepared.tensors },
    dispatches: [...dispatches, ...prepared.dispatches],
  };
}
