// One scale of a run in windows: a step goes over them twice.
import type { TensorStore } from '../../gpu/store.js';
import { Program } from '../../graph/program.js';
import { SharedMemory } from '../../graph/shared-memory.js';
import type { Net } from '../../nets/net.js';
import { Iterate, type StepHooks, type StepSession } from '../iterate.js';
import type { Targets } from '../objective.js';
import type { StyleOptions } from '../options.js';
import { shiftOf, type Tiling, type Window, windowsOf } from './partition.js';
import { ADD_GRADIENT, type RecordedPasses, recordPasses } from './passes.js';
import { StatisticsPass } from './statistics.js';
import { moveTo } from './window.js';

interface Programs {
  readonly statistics: StatisticsPass | undefined;
  readonly judge: Program | undefined;
  readonly gradient: Program;
  readonly finish: Program;
}

/**
 * Owns the programs and pinned tensors of one scale that is optimised in windows. A step is the whole picture's: the
 * first pass adds up its Gram matrices, the second its gradient. The cores are moved at random from step to step.
 */
export class TiledSession implements StepSession {
  private constructor(
    private readonly store: TensorStore,
    private readonly net: Net,
    readonly iterate: Iterate,
    readonly tiling: Tiling,
    private readonly seed: number,
    private readonly recorded: RecordedPasses,
    private readonly programs: Programs,
    private readonly memory: SharedMemory,
  ) {}

  static async create(
    store: TensorStore,
    net: Net,
    size: { height: number; width: number },
    tiling: Tiling,
    targets: Targets,
    o: StyleOptions,
  ): Promise<TiledSession> {
    const iterate = new Iterate(store, size, o);
    const recorded = recordPasses(store.target, store, net, iterate, tiling, targets, o);
    const memory = new SharedMemory(store.device, 'tiles');
    try {
      const programs = await compile(store, net, recorded, memory);
      return new TiledSession(store, net, iterate, tiling, o.seed, recorded, programs, memory);
    } catch (error) {
      // The store's owner frees what is pinned.
      memory.destroy();
      throw error;
    }
  }

  async step(step: number, hooks: StepHooks = {}): Promise<boolean> {
    const { statistics, judge, gradient, finish } = this.programs;
    const { inputs, sums } = this.recorded;
    const windows = windowsOf(this.tiling, shiftOf(this.tiling, this.seed, step));
    const total = (statistics ? 2 : 1) * windows.length;
    let done = 0;
    const over = async (run: (window: Window) => void): Promise<boolean> => {
      for (const window of windows) {
        if (hooks.signal?.aborted) return false;
        inputs.guidance.write(this.store, this.net.name, window);
        run(window);
        await this.store.device.sync();
        hooks.onTile?.(++done, total);
      }
      return true;
    };

    statistics?.clear();
    if (statistics && !(await over((window) => statistics.run(window)))) return false;
    judge?.run();
    for (const t of sums) this.store.clear(t);
    const finished = await over((window) => {
      inputs.writeTargets(this.store, this.net.name, window);
      const { row, column } = window;
      moveTo(gradient, this.net.name, this.recorded.gradient.masked, window, true);
      gradient.setParams(ADD_GRADIENT, { top: row.offset, left: column.offset });
      gradient.run();
    });
    if (!finished) return false;
    this.iterate.optimizer.beforeStep(finish, step);
    finish.run();
    await this.store.device.sync();
    return true;
  }

  async losses(): Promise<Record<string, number>> {
    const { series } = this.recorded;
    const values = await this.programs.finish.readAll([...series.values()]);
    return Object.fromEntries([...series.keys()].map((name, i) => [name, values[i]![0]!]));
  }

  destroy(): void {
    const { statistics, judge, gradient, finish } = this.programs;
    for (const program of [statistics, judge, gradient, finish]) program?.destroy();
    this.memory.destroy();
    this.recorded.inputs.release();
    for (const t of this.recorded.pinned) this.store.release(t);
    this.iterate.release();
  }
}

async function compile(
  store: TensorStore,
  net: Net,
  { statistics, judge, gradient, finish, series }: RecordedPasses,
  memory: SharedMemory,
): Promise<Programs> {
  const made: { destroy(): void }[] = [];
  const kept = <T extends { destroy(): void }>(program: T): T => {
    made.push(program);
    return program;
  };
  const label = 'gradients of statistics';
  try {
    return {
      // First the one that needs most: the other finds its slots there.
      gradient: kept(
        await Program.compile(store, gradient.dispatches, { label: 'gradient of a tile', memory }),
      ),
      statistics: statistics && kept(await StatisticsPass.create(store, net, statistics, memory)),
      judge: judge.length > 0 ? kept(await Program.compile(store, judge, { label })) : undefined,
      finish: kept(await Program.compile(store, finish, { label: 'update', keep: [...series.values()] })),
    };
  } catch (error) {
    for (const program of made) program.destroy();
    throw error;
  }
}
