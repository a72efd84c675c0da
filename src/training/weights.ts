// A net's weights while they are trained: pinned, by name, some of them frozen, some of them statistics.
import { WeightsError } from '../base/errors.js';
import { formatShape, type Shape, sameShape, sizeOf } from '../base/shape.js';
import { type Layout, type Tensor, tensor } from '../base/tensor.js';
import type { PinStore, TensorStore } from '../gpu/store.js';
import { type Initializer, initialValues } from './initialise.js';

/**
 * What becomes of a tensor: `kernel` is trained with weight decay, `plain` without (biases, gammas, betas), `frozen` never
 * changes (what depends on frozen weights alone is computed once), `statistic` is no parameter but written by the
 * net's own dispatches (running averages).
 */
export type Role = 'kernel' | 'plain' | 'frozen' | 'statistic';

/** One tensor of a net that can be trained. */
export interface WeightSpec {
  readonly name: string;
  /** Rank 4 lies as a filter [K,C,R,S], others flat, unless `layout` says so. */
  readonly shape: Shape;
  readonly init: Initializer;
  readonly layout?: Layout | undefined;
  /** `kernel` for ranks above 1, else `plain`, unless said. */
  readonly role?: Role | undefined;
  /** Multiplies the schedule's learning rate; 1 unless said. */
  readonly rate?: number | undefined;
}

/** A spec with its defaults filled in, and the tensor that holds it. */
export interface Weight {
  readonly name: string;
  readonly role: Role;
  readonly rate: number;
  readonly tensor: Tensor;
}

/** Values of a tensor, logical and row-major. */
export interface Values {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/**
 * The weights of a net in `store`, begun from `seed`; `destroy` releases them. A net records itself with `get`, as
 * inference nets do with their pinned weights.
 */
export class TrainableWeights {
  private readonly byName = new Map<string, Weight>();
  private readonly constants = new Map<string, Tensor>();

  constructor(
    private readonly store: PinStore,
    specs: readonly WeightSpec[],
    readonly seed: number,
  ) {
    for (const spec of specs) {
      const { name, shape, init } = spec;
      if (this.byName.has(name)) throw new WeightsError(`training: two weights are named ${name}`);
      const role = spec.role ?? (shape.length > 1 ? 'kernel' : 'plain');
      const layout = spec.layout ?? (shape.length === 4 ? 'filter' : 'flat');
      const t = tensor(name, shape, { layout, lifetime: 'pinned', constant: role === 'frozen' });
      store.pin(t, initialValues(name, shape, init, seed));
      this.byName.set(name, { name, role, rate: spec.rate ?? 1, tensor: t });
    }
  }

  /** All of them, in the order of the specs. */
  get all(): readonly Weight[] {
    return [...this.byName.values()];
  }

  /** Those that an optimiser updates. */
  get trained(): readonly Weight[] {
    return this.all.filter(({ role }) => role === 'kernel' || role === 'plain');
  }

  /** Number of values that an optimiser updates. */
  get size(): number {
    return this.trained.reduce((sum, { tensor: t }) => sum + sizeOf(t.shape), 0);
  }

  /** The tensor `name`, of `shape` where one is given. WeightsError where it is missing or differs. */
  get(name: string, shape?: Shape): Tensor {
    const found = this.byName.get(name)?.tensor;
    if (!found) throw new WeightsError(`training: the net has no weight ${name}`);
    if (shape && !sameShape(found.shape, shape))
      throw new WeightsError(
        `training: weight ${name} must be ${formatShape(shape)}, is ${formatShape(found.shape)}`,
      );
    return found;
  }

  /** A constant that is no weight: a normalisation, a scale of 1. Made once for each name. */
  constant(name: string, shape: Shape, values: ArrayLike<number>): Tensor {
    let t = this.constants.get(name);
    if (!t) {
      const layout = shape.length === 4 ? 'filter' : 'flat';
      t = this.store.pin(tensor(name, shape, { layout, constant: true }), values);
      this.constants.set(name, t);
    }
    return t;
  }

  /**
   * Overwrites weights by name (a released net to fine-tune, a checkpoint). `complete` demands all of them.
   * WeightsError for a name that is missing then, for a shape that differs, and for a name that the net has not. Frozen
   * weights must be written before a program that reads them is compiled.
   */
  write(
    store: TensorStore,
    values: ReadonlyMap<string, Values>,
    options: { readonly complete?: boolean } = {},
  ): void {
    for (const [name, given] of values) this.get(name, given.shape);
    for (const { name, tensor: t } of this.all) {
      const given = values.get(name);
      if (given) store.write(t, given.values);
      else if (options.complete)
        throw new WeightsError(`training: weight ${name} ${formatShape(t.shape)} is missing`);
    }
  }

  /** All values by name, after all submitted work. */
  async read(store: TensorStore): Promise<Map<string, Values>> {
    const found = new Map<string, Values>();
    for (const { name, tensor: t } of this.all)
      found.set(name, { shape: t.shape, values: await store.read(t) });
    return found;
  }

  /** Releases all of them, and the constants. */
  destroy(): void {
    for (const { tensor: t } of this.byName.values()) this.store.release(t);
    for (const t of this.constants.values()) this.store.release(t);
    this.byName.clear();
    this.constants.clear();
  }
}
