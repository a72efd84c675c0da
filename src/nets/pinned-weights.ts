// A net's tensors on the GPU, by name.
import { WeightsError } from '../base/errors.js';
import { formatShape, type Shape, sameShape } from '../base/shape.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { PinStore } from '../gpu/store.js';
import type { WeightTensor } from './manifest.js';

/** Pins each tensor when it is first asked for, as a constant; `destroy` releases them. */
export class PinnedWeights {
  private readonly pinned = new Map<string, Tensor>();

  /** `source` (a path) stands in messages. */
  constructor(
    private readonly store: PinStore,
    private readonly loaded: ReadonlyMap<string, WeightTensor>,
    readonly source: string,
  ) {}

  /** The tensor `name`, of `shape` where one is given; rank 4 lies as a filter. WeightsError where it is missing or differs. */
  get(name: string, shape?: Shape): Tensor {
    const found = this.loaded.get(name);
    if (!found) throw new WeightsError(`${this.source}: tensor ${name} is missing`);
    if (shape && !sameShape(found.shape, shape)) {
      throw new WeightsError(
        `${this.source}: tensor ${name} must be ${formatShape(shape)}, is ${formatShape(found.shape)}`,
      );
    }
    return this.constant(name, found.shape, found.values);
  }

  /** A constant that is not in the file: a normalisation, a block of zeros. Made once for each name. */
  constant(name: string, shape: Shape, values: ArrayLike<number>): Tensor {
    let t = this.pinned.get(name);
    if (!t) {
      const layout = shape.length === 4 ? 'filter' : 'flat';
      t = this.store.pin(tensor(name, shape, { layout, constant: true }), values);
      this.pinned.set(name, t);
    }
    return t;
  }

  /** An image of zeros [N,C,H,W]. Made once for each shape. */
  zeros(shape: Shape): Tensor {
    const name = `zeros ${formatShape(shape)}`;
    let t = this.pinned.get(name);
    if (!t) {
      t = this.store.pin(tensor(name, shape, { constant: true }));
      this.pinned.set(name, t);
    }
    return t;
  }

  /** Frees the weights' memory on the device. */
  destroy(): void {
    for (const t of this.pinned.values()) this.store.release(t);
    this.pinned.clear();
  }
}
