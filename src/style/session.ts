// One scale of a run in one piece: the compiled step over the whole picture.
import { tensor } from '../base/tensor.js';
import { PLAIN_TARGET, type Target } from '../gpu/kernel.js';
import { dryStore, type PinStore, type TensorStore } from '../gpu/store.js';
import { planProgram } from '../graph/constants.js';
import type { MemoryPlan } from '../graph/liveness.js';
import { Program } from '../graph/program.js';
import { Tape } from '../graph/tape.js';
import { type TuneItem, tunablesOf } from '../graph/tunables.js';
import type { LoadedWeights } from '../nets/manifest.js';
import { Net } from '../nets/net.js';
import { Iterate, type StepSession } from './iterate.js';
import { type Objective, recordObjective, type Targets } from './objective.js';
import { activeLayers, activeTaps, type StyleOptions } from './options.js';

interface Recorded {
  readonly tape: Tape;
  readonly iterate: Iterate;
  readonly objective: Objective;
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
  const iterate = new Iterate(store, size, o);
  const { image, optimizer } = iterate;
  const objective = recordObjective(tape, store, net, image, targets, o);
  const gradient = tape.backward(objective.loss, [image]).get(image)!;
  optimizer.record(tape, image, gradient);
  return { tape, iterate, objective };
}

/** Owns the program and pinned tensors of one scale. */
export class ScaleSession implements StepSession {
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
  ): Promise<ScaleSession> {
    const recorded = recordStep(store.target, store, net, size, targets, o);
    const program = await Program.compile(store, recorded.tape.dispatches, {
      label: `style step ${size.width}x${size.height}`,
      keep: [...recorded.objective.series.values()],
    });
    return new ScaleSession(store, recorded, program);
  }

  get iterate(): Iterate {
    return this.recorded.iterate;
  }

  get plan(): MemoryPlan {
    return this.program.plan;
  }

  /** One submission: nothing interrupts it. */
  async step(step: number): Promise<true> {
    this.iterate.optimizer.beforeStep(this.program, step);
    this.program.run();
    await this.store.device.sync();
    return true;
  }

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
    this.iterate.release();
  }
}

/** The memory plan of one step at one size and what of it can be tuned, without touching a GPU. */
export function planStep(
  target: Target,
  weights: LoadedWeights,
  size: { height: number; width: number },
  o: StyleOptions,
  regions = 0,
): { plan: MemoryPlan; dispatches: number; flops: number; tunables: TuneItem[] } {
  const net = new Net(dryStore, weights, activeTaps(o));
  const probe = new Tape(target);
  const image = tensor('image', [1, 3, size.height, size.width], { lifetime: 'pinned' });
  net.forward(probe, image, activeTaps(o), o);
  const targets = dryTargets(net, size, o, regions);
  const { tape, objective } = recordStep(target, dryStore, net, size, targets, o);
  const { plan, dispatches } = planProgram(tape.dispatches, [...objective.series.values()]);
  // Forward, and as much again for the gradient with respect to the picture.
  return { plan, dispatches, flops: 2 * probe.flops, tunables: tunablesOf(tape) };
}

/** Targets of the right shapes without values, for plans: of the whole picture (`regions` 0) or of so many regions. */
export function dryTargets(
  net: Net,
  size: { height: number; width: number },
  o: StyleOptions,
  regions = 0,
): Targets {
  const tape = new Tape(PLAIN_TARGET);
  const image = tensor('image', [1, 3, size.height, size.width], { lifetime: 'pinned' });
  const taps = net.forward(tape, image, activeTaps(o), o);
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
  if (regions === 0) return { content, regions: [{ name: 'all', guidance: undefined, style }] };
  const guidance = new Map(
    [...style.keys()].map((layer) => {
      const [, , h, w] = taps.get(layer)!.shape as unknown as [number, number, number, number];
      return [layer, { shape: [1, 1, h, w] as const, values: new Float32Array(0), weight: 1 }];
    }),
  );
  return {
    content,
    regions: Array.from({ length: regions }, (_, i) => ({ name: `region ${i + 1}`, guidance, style })),
  };
}
