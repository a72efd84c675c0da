// A training of nn4.small2 on a device: its weights, its batches, its validation and its files.
import { InputError } from '../../../src/base/errors.js';
import type { Device } from '../../../src/gpu/device.js';
import { TensorStore } from '../../../src/gpu/store.js';
import type { WeightTensor } from '../../../src/nets/manifest.js';
import { NN4_SMALL2_SIDE } from '../../../src/nets/nn4-small2.js';
import { writeSafetensors } from '../../../src/nets/safetensors.js';
import { type FaceLossOptions, faceInputs, recordFaceTraining } from '../../../src/training/face-graph.js';
import {
  beginNn4Small2,
  exportNn4Small2,
  importNn4Small2,
  type Nn4TrainFrom,
  nn4Small2Specs,
} from '../../../src/training/nn4-small2.js';
import { Trainer } from '../../../src/training/trainer.js';
import type { TrainerOptions } from '../../../src/training/types.js';
import { TrainableWeights } from '../../../src/training/weights.js';
import { Ahead } from './ahead.js';
import { type FaceBatchOptions, faceBatch } from './face-batches.js';
import type { CropPair } from './split.js';
import { type Validation, validateFaces } from './validate.js';

export interface FaceTaskOptions {
  readonly from: Nn4TrainFrom;
  readonly losses: FaceLossOptions;
  /** The net to go on from; none: from random weights. */
  readonly base: { readonly source: string; readonly tensors: ReadonlyMap<string, WeightTensor> } | undefined;
  readonly batches: FaceBatchOptions;
  /** Pairs of people who are held out; empty: no validation. */
  readonly pairs: readonly CropPair[];
  readonly trainer: Omit<TrainerOptions, 'inputs'>;
}

/** Owns the weights and the trainer. */
export class FaceTask {
  private constructor(
    private readonly store: TensorStore,
    private readonly weights: TrainableWeights,
    readonly trainer: Trainer,
    private readonly options: FaceTaskOptions,
  ) {}

  /** Begins weights from the seed, or from the base, and compiles the training. */
  static async create(device: Device, options: FaceTaskOptions): Promise<FaceTask> {
    const { from, losses, base, batches, trainer } = options;
    if (from !== 'start' && !base) throw new InputError(`training from ${from} on needs a net to go on from`);
    const store = new TensorStore(device);
    try {
      const weights = new TrainableWeights(store, nn4Small2Specs(from), trainer.seed ?? 0);
      if (base) weights.write(store, importNn4Small2(base.tensors, base.source, from), { complete: true });
      else beginNn4Small2(store, weights);
      const made = await Trainer.create(store, weights, recordFaceTraining(losses, from), {
        ...trainer,
        inputs: faceInputs(batches.sampler.batch, batches.cache.contract.side, losses.loss),
      });
      return new FaceTask(store, weights, made, options);
    } catch (error) {
      store.destroy();
      throw error;
    }
  }

  /** Takes the next step; the batch after it is made while it runs. */
  async step(): Promise<void> {
    await this.trainer.step(await this.batches.take(this.trainer.steps + 1));
  }

  private readonly batches = new Ahead((step: number) => this.batchOf(step));

  private async batchOf(step: number): ReturnType<typeof faceBatch> {
    const { labels, ...batch } = await faceBatch(this.options.batches, step);
    return this.options.losses.loss === 'distil' ? batch : { ...batch, labels: labels! };
  }

  /** The net as it is now, by the names that inference reads. */
  private async tensors(dtype: 'F16' | 'F32') {
    const { base, from } = this.options;
    return exportNn4Small2(await this.weights.read(this.store), dtype, base?.tensors, from);
  }

  /** As a safetensors file. */
  async export(dtype: 'F16' | 'F32', metadata: Record<string, string>): Promise<Uint8Array<ArrayBuffer>> {
    return writeSafetensors(await this.tensors(dtype), metadata);
  }

  /** Compares the people who are held out. */
  async validate(): Promise<Validation> {
    const { batches, pairs } = this.options;
    const tensors = await this.tensors('F32');
    return validateFaces(this.store.device, tensors, batches.cache, pairs, NN4_SMALL2_SIDE);
  }

  async destroy(): Promise<void> {
    await this.batches.settle();
    this.trainer.destroy();
    this.weights.destroy();
    this.store.destroy();
  }
}
