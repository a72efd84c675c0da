// A training of the slim VGG on a device: its weights, its batches and its files.
import type { Device } from '../../../src/gpu/device.js';
import { TensorStore } from '../../../src/gpu/store.js';
import type { StyleManifest } from '../../../src/nets/manifest.js';
import { decodeTrainingCheckpoint } from '../../../src/training/checkpoint.js';
import {
  recordSlimTraining,
  type SlimLossOptions,
  slimInputs,
  slimProjections,
} from '../../../src/training/slim-graph.js';
import { Trainer } from '../../../src/training/trainer.js';
import type { TrainerOptions } from '../../../src/training/types.js';
import { beginSlim, foldSlim, type NormStatistics, slimSpecs } from '../../../src/training/vgg-slim.js';
import { TrainableWeights } from '../../../src/training/weights.js';
import { Ahead } from './ahead.js';
import { SlimData, type SlimDataOptions } from './slim-data.js';
import { type NormalisedNet, normaliseSlim, slimFile } from './slim-export.js';

export interface SlimTaskOptions {
  readonly widths: readonly number[];
  readonly losses: SlimLossOptions;
  readonly data: SlimDataOptions;
  readonly trainer: Omit<TrainerOptions, 'inputs'>;
  /** Steps by the statistics of each batch; those after them take the running averages, as the net that is written. */
  readonly normSteps: number;
  readonly manifest: StyleManifest;
  /** The pictures that activations are normalised on, and their side. */
  readonly calibration: { readonly side: number; squares(): Promise<readonly Uint8Array[]> };
}

/** Owns the weights and the trainer. */
export class SlimTask {
  readonly data: SlimData;
  /** The net of the last export. */
  exported: NormalisedNet | undefined;
  private readonly batches: Ahead<Awaited<ReturnType<SlimData['batch']>>>;

  private constructor(
    private readonly store: TensorStore,
    private readonly weights: TrainableWeights,
    private current: Trainer,
    private readonly options: SlimTaskOptions,
  ) {
    this.data = new SlimData(options.data);
    this.batches = new Ahead((step) => this.data.batch(step));
  }

  /** Begins weights from the seed and compiles the training, as it is after `done` steps. */
  static async create(device: Device, options: SlimTaskOptions, done = 0): Promise<SlimTask> {
    const { widths, data, trainer } = options;
    const { taps } = data;
    const store = new TensorStore(device);
    try {
      const specs = [...slimSpecs(widths), ...slimProjections(taps)];
      const weights = new TrainableWeights(store, specs, trainer.seed ?? 0);
      beginSlim(store, weights, widths);
      const made = await trainerOf(store, weights, options, statisticsAfter(options, done));
      return new SlimTask(store, weights, made, options);
    } catch (error) {
      store.destroy();
      throw error;
    }
  }

  get trainer(): Trainer {
    return this.current;
  }

  /** Takes the next step; the batch after it is made while it runs. */
  async step(): Promise<void> {
    if (this.trainer.steps > 0 && this.trainer.steps === this.options.normSteps) await this.takeRunning();
    await this.trainer.step(await this.batches.take(this.trainer.steps + 1));
  }

  /** Goes on with the running averages in the batch norms: another program, the same weights and moments. */
  private async takeRunning(): Promise<void> {
    const kept = decodeTrainingCheckpoint(await this.current.checkpoint({}), 'the training');
    this.current.destroy();
    this.current = await trainerOf(this.store, this.weights, this.options, 'running');
    await this.current.restore(kept);
  }

  /** The net as it is now, as a safetensors file; waits for the calibration. */
  async export(dtype: 'F16' | 'F32', metadata: Record<string, string>): Promise<Uint8Array<ArrayBuffer>> {
    const { widths, calibration, manifest } = this.options;
    const folded = foldSlim(await this.weights.read(this.store), widths);
    const squares = await calibration.squares();
    const { device } = this.store;
    const net = await normaliseSlim(device, folded, squares, calibration.side, manifest, dtype === 'F16');
    this.exported = net;
    return slimFile(net, dtype, metadata);
  }

  async destroy(): Promise<void> {
    await this.batches.settle();
    this.trainer.destroy();
    this.weights.destroy();
    this.store.destroy();
  }
}

function statisticsAfter({ normSteps }: SlimTaskOptions, done: number): NormStatistics {
  return done > normSteps ? 'running' : 'batch';
}

function trainerOf(
  store: TensorStore,
  weights: TrainableWeights,
  { losses, data, trainer }: SlimTaskOptions,
  statistics: NormStatistics,
): Promise<Trainer> {
  const { taps, batch, crops } = data;
  return Trainer.create(store, weights, recordSlimTraining(taps, losses, statistics), {
    ...trainer,
    inputs: slimInputs(batch, crops.options.side, taps),
  });
}
