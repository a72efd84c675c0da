// The picture that a scale optimises, and its optimiser.
import { InputError } from '../base/errors.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { PinStore, TensorStore } from '../gpu/store.js';
import { Adam } from '../optim/adam.js';
import { Lbfgs } from '../optim/lbfgs.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { StyleOptions } from './options.js';

/** The optimiser's tensors by name, as logical values with their shapes. */
export type OptimizerState = Map<string, { shape: readonly number[]; values: Float32Array }>;

/** What interrupts a step between its parts, and whom it tells of them. */
export interface StepHooks {
  readonly signal?: AbortSignal | undefined;
  /** Called after each tile of a step that goes over tiles; `total` counts both passes. */
  onTile?(done: number, total: number): void;
}

/** One scale of a run, ready to take steps. */
export interface StepSession {
  readonly iterate: Iterate;
  /**
   * Takes update number `step` (from 1) and waits for it. False where the signal ended it before its end: the picture
   * is then that of the step before.
   */
  step(step: number, hooks?: StepHooks): Promise<boolean>;
  /** Losses of the last step, at the picture before its update, by series name. */
  losses(): Promise<Record<string, number>>;
  destroy(): void;
}

/** The picture [1,3,H,W] pinned in `store`, with the optimiser that the options name. */
export class Iterate {
  readonly image: Tensor;
  readonly optimizer: Optimizer;

  constructor(
    private readonly store: PinStore,
    size: { readonly height: number; readonly width: number },
    o: StyleOptions,
  ) {
    const { height, width } = size;
    this.image = store.pin(tensor('image', [1, 3, height, width], { lifetime: 'pinned' }));
    this.optimizer = makeOptimizer(store, o);
  }

  /** Overwrites the picture with planar values. */
  writeImage(store: TensorStore, planar: Float32Array): void {
    store.write(this.image, planar);
  }

  readImage(store: TensorStore): Promise<Float32Array> {
    return store.read(this.image);
  }

  async readState(store: TensorStore): Promise<OptimizerState> {
    const out: OptimizerState = new Map();
    for (const [name, t] of this.optimizer.state()) {
      out.set(name, { shape: t.shape, values: await store.read(t) });
    }
    return out;
  }

  /**
   * Overwrites the optimiser's tensors of these names. `complete` demands all of them, with their shapes: a run
   * that goes on with half a state would not be the same run.
   */
  writeState(
    store: TensorStore,
    state: ReadonlyMap<string, { shape?: readonly number[]; values: Float32Array }>,
    options: { complete?: boolean } = {},
  ): void {
    for (const [name, t] of this.optimizer.state()) {
      const kept = state.get(name);
      if (options.complete && kept?.shape?.join() !== t.shape.join()) {
        throw new InputError(
          `the checkpoint's ${name} must be [${t.shape.join(',')}], it is ${kept?.shape ? `[${kept.shape.join(',')}]` : 'missing'}`,
        );
      }
      if (kept) store.write(t, kept.values);
    }
  }

  /** Frees the picture and the optimiser's tensors. */
  release(): void {
    for (const t of this.optimizer.state().values()) this.store.release(t);
    this.store.release(this.image);
  }
}

function makeOptimizer(store: PinStore, o: StyleOptions): Optimizer {
  if (o.optimizer === 'lbfgs') {
    return new Lbfgs(store, { history: o.history, learningRate: o.learningRate, clamp: [0, 1] });
  }
  return new Adam(store, {
    learningRate: o.learningRate,
    beta1: o.beta1,
    beta2: o.beta2,
    epsilon: o.epsilon,
    clamp: [0, 1],
    averageDecay: o.averageDecay > 0 ? o.averageDecay : undefined,
  });
}
