// One scale of a run: the compiled step, the picture and the optimiser's state on the GPU.
import { InputError } from '../base/errors.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { Target } from '../gpu/kernel.js';
import { dryStore, type PinStore, type TensorStore } from '../gpu/store.js';

import { withPinnedConstants } from '../graph/constants.js';
import { type MemoryPlan, planMemory } from '../graph/liveness.js';
import { Program } from '../graph/program.js';
import { Tape } from '../graph/tape.js';
import { type TuneItem, tunablesOf } from '../graph/tunables.js';
import type { LoadedWeights } from '../nets/manifest.js';
import { Net } from '../nets/net.js';
import { Adam } from '../optim/adam.js';
import { Lbfgs } from '../optim/lbfgs.js';
import type { Optimizer } from '../optim/optimizer.js';
import { type Objective, recordObjective, type Targets } from './objective.js';
import { activeLayers, activeTaps, type StyleOptions } from './options.js';

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

interface Recorded {
  readonly tape: Tape;
  readonly image: Tensor;
  readonly objective: Objective;
  readonly optimizer: Optimizer;
}

function recordStep(
  target: Target,
  store: PinStore,
  net: Net,
  size: { height: number; width: number },
  targets: Targets,
  o: StyleOptions,
): Recorded {
  const tape = new Tape(target);
  const image = store.pin(tensor('image', [1, 3, size.height, size.width], { lifetime: 'pinned' }));
  const objective = recordObjective(tape, store, net, image, targets, o);
  const gradient = tape.backward(objective.loss, [image]).get(image)!;
  const optimizer = makeOptimizer(store, o);
  optimizer.record(tape, image, gradient);
  return { tape, image, objective, optimizer };
}

/** Owns the program and pinned tensors of one scale. */
export class ScaleSession {
  private constructor(
    private readonly store: TensorStore,
    private readonly recorded: Recorded,
    private readonly program: Program,
  ) {}

  static async create(
    store: TensorStore,
    net: Net,
    size: { height: number; width: number },
    targets: Targets,
    o: StyleOptions,
    onPipeline?: (done: number, total: number) => void,
  ): Promise<ScaleSession> {
    const recorded = recordStep(store.target, store, net, size, targets, o);
    const program = await Program.compile(store, recorded.tape.dispatches, {
      label: `style step ${size.width}x${size.height}`,
      keep: [...recorded.objective.series.values()],
      ...(onPipeline ? { onPipeline } : {}),
    });
    return new ScaleSession(store, recorded, program);
  }

  get plan(): MemoryPlan {
    return this.program.plan;
  }

  writeImage(planar: Float32Array): void {
    this.store.write(this.recorded.image, planar);
  }

  readImage(): Promise<Float32Array> {
    return this.store.read(this.recorded.image);
  }

  /** The optimiser's state by name, as logical values with their shapes. */
  async readState(): Promise<Map<string, { shape: readonly number[]; values: Float32Array }>> {
    const out = new Map<string, { shape: readonly number[]; values: Float32Array }>();
    for (const [name, t] of this.recorded.optimizer.state()) {
      out.set(name, { shape: t.shape, values: await this.store.read(t) });
    }
    return out;
  }

  /**
   * Overwrites the optimiser's tensors of these names. `complete` demands all of them, with their shapes: a run
   * that goes on with half a state would not be the same run.
   */
  writeState(
    state: ReadonlyMap<string, { shape?: readonly number[]; values: Float32Array }>,
    options: { complete?: boolean } = {},
  ): void {
    for (const [name, t] of this.recorded.optimizer.state()) {
      const kept = state.get(name);
      if (options.complete && kept?.shape?.join() !== t.shape.join()) {
        throw new InputError(
          `the checkpoint's ${name} must be [${t.shape.join(',')}], it is ${kept?.shape ? `[${kept.shape.join(',')}]` : 'missing'}`,
        );
      }
      if (kept) this.store.write(t, kept.values);
    }
  }

  /** Submits update number `step` (from 1) and waits for it. */
  async step(step: number): Promise<void> {
    this.recorded.optimizer.beforeStep(this.program, step);
    this.program.run();
    await this.store.device.sync();
  }

  /** Losses of the last step, at the picture before its update, by series name. */
  async losses(): Promise<Record<string, number>> {
    const { series } = this.recorded.objective;
    const values = await this.program.readAll([...series.values()]);
    return Object.fromEntries([...series.keys()].map((name, i) => [name, values[i]![0]!]));
  }

  profile() {
    return this.program.profile();
  }

  destroy(): void {
    this.program.destroy();
    for (const t of this.recorded.objective.pinned) this.store.release(t);
    for (const t of this.recorded.optimizer.state().values()) this.store.release(t);
    this.store.release(this.recorded.image);
  }
}

/** The memory plan of one step at one size and what of it can be tuned, without touching a GPU. */
export function planStep(
  target: Target,
  weights: LoadedWeights,
  size: { height: number; width: number },
  o: StyleOptions,
): { plan: MemoryPlan; dispatches: number; flops: number; tunables: TuneItem[] } {
  const net = new Net(dryStore, weights, activeTaps(o));
  const probe = new Tape(target);
  const image = tensor('image', [1, 3, size.height, size.width], { lifetime: 'pinned' });
  const taps = net.forward(probe, image, activeTaps(o), o);
  const content = new Map(
    activeLayers(o.contentLayers, o.contentWeight).map(([layer]) => [
      layer,
      { shape: taps.get(layer)!.shape, values: new Float32Array(1) },
    ]),
  );
  const style = new Map(
    activeLayers(o.styleLayers, o.styleWeight).map(([layer]) => {
      const c = taps.get(layer)!.shape[1]!;
      return [
        layer,
        o.styleLoss === 'gram'
          ? { kind: 'gram' as const, gram: new Float32Array(c * c) }
          : { kind: 'w2' as const, mean: new Float32Array(c), root: new Float32Array(c * c), energy: 1 },
      ];
    }),
  );
  const targets: Targets = { content, regions: [{ name: 'all', guidance: undefined, style }] };
  const { tape, objective } = recordStep(target, dryStore, net, size, targets, o);
  const step = withPinnedConstants(tape.dispatches);
  const plan = planMemory(step, { keep: [...objective.series.values()] });
  // Forward, and as much again for the gradient with respect to the picture.
  return { plan, dispatches: step.length, flops: 2 * probe.flops, tunables: tunablesOf(tape) };
}
