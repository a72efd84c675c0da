// Dispatches of one case without a device: its forward pass, and each gradient by itself.
import type { Shape } from '../src/base/shape.js';
import type { Tensor } from '../src/base/tensor.js';
import { inputTensors } from '../src/graph/alone.js';
import type { OpSpec } from '../src/kernels/op.js';

export { outputTensors, recordBackward, recordForward } from '../src/graph/alone.js';

/** Pinned tensors for a case's inputs, in the layouts that the op wants; with `frozen`, filters are constants. */
export function caseTensors(
  op: OpSpec<unknown>,
  shapes: Readonly<Record<string, Shape | undefined>>,
  frozen = false,
): Record<string, Tensor> {
  return inputTensors(op, shapes, (_name, layout) => frozen && layout === 'filter');
}
