// Runs a training: compiled once, then one or several submits a step.
import { InputError } from '../base/errors.js';
import { hash32 } from '../base/random.js';
import { formatShape, sameShape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { PinStore, TensorStore } from '../gpu/store.js';
import type { MemoryPlan } from '../graph/liveness.js';
import { Program } from '../graph/program.js';
import { alarmsOf, TRIPLET_COUNTS } from './alarms.js';
import {
  assertSameTraining,
  encodeTrainingCheckpoint,
  sameChoices,
  type TrainingCheckpoint,
  trainingFacts,
} from './checkpoint.js';
import { REPORT_SUMS, type Recording, recordTraining } from './recording.js';
import { learningRateAt } from './schedule.js';
import type { Batch, RecordGraph, StepReport, TrainerOptions } from './types.js';
import type { TrainableWeights, Values } from './weights.js';

/** Steps that may be under way before `step` waits: inputs wait in memory meanwhile. */
const UNDER_WAY = 4;
/** Norms that the alarms compare a new one with. */
const NORMS = 51;

/**
 * Owns the programs, inputs and optimiser of one training; the weights stay their maker's. Every step is one update of
 * all weights.
 */
export class Trainer {
  private done = 0;
  /** Whether a step was taken since the training was made or restored. */
  private ran = false;
  private underWay = 0;
  private readonly norms: number[] = [];

  private constructor(
    private readonly store: TensorStore,
    private readonly weights: TrainableWeights,
    private readonly options: TrainerOptions,
    private readonly recording: Recording,
    private readonly pins: Pins,
    private readonly batch: Program,
    private readonly update: Program | undefined,
  ) {}

  /** Records and compiles a training. Frozen weights must have their values by now. */
  static async create(
    store: TensorStore,
    weights: TrainableWeights,
    record: RecordGraph,
    options: TrainerOptions,
  ): Promise<Trainer> {
    const pins = new Pins(store);
    let batch: Program | undefined;
    try {
      const recording = recordTraining(pins, store.target, weights, record, options);
      const keep = recording.update ? [] : [...recording.reported.values()];
      batch = await Program.compile(store, recording.batch, { label: 'training', keep });
      const update =
        recording.update && (await Program.compile(store, recording.update, { label: 'training update' }));
      return new Trainer(store, weights, options, recording, pins, batch, update);
    } catch (error) {
      batch?.destroy();
      pins.destroy();
      throw error;
    }
  }

  /** Updates made, those included that a gradient without finite norm left out. */
  get steps(): number {
    return this.done;
  }

  /** The pinned tensors that batches are written to. */
  get inputs(): Readonly<Record<string, Tensor>> {
    return this.recording.inputs;
  }

  /** Memory of the programs: per batch, and of the update where it is one of its own. */
  get plans(): readonly MemoryPlan[] {
    return [this.batch.plan, ...(this.update ? [this.update.plan] : [])];
  }

  /** Dispatches of one step. */
  get dispatches(): number {
    return (this.options.accumulate ?? 1) * this.batch.length + (this.update?.length ?? 0);
  }

  /**
   * Takes one step: a batch, or as many as `accumulate` says. Waits only where several steps are under way. InputError
   * for another number of batches or an input that the training has not.
   */
  async step(batches: Batch | readonly Batch[] = {}): Promise<void> {
    const { accumulate = 1, seed = 0 } = this.options;
    const list: readonly Batch[] = isList(batches) ? batches : [batches];
    if (list.length !== accumulate)
      throw new InputError(`training: a step takes ${accumulate} batches, got ${list.length}`);
    const step = this.done + 1;
    const stepSeed = hash32(seed, step);
    for (const [micro, values] of list.entries()) {
      this.feed(values);
      if (this.update && micro < 2) this.begin(micro === 0);
      this.recording.graph.beforeBatch?.(this.batch, { step, micro, seed: hash32(stepSeed, micro) });
      if (!this.update) this.recording.optimizer.beforeStep(this.batch, step);
      this.batch.run();
    }
    if (this.update) {
      this.recording.optimizer.beforeStep(this.update, step);
      this.update.run();
    }
    this.done = step;
    this.ran = true;
    this.underWay += 1;
    if (this.underWay >= UNDER_WAY) {
      await this.store.device.sync();
      this.underWay = 0;
    }
  }

  /** Reads the last step's numbers, and what is to be said of them; waits for it. InputError before the first. */
  async report(): Promise<StepReport> {
    if (!this.ran) throw new InputError('training: there is no step to report yet');
    const { reported, optimizer } = this.recording;
    const names = [...reported.keys()];
    const read = await this.batch.readAll([...reported.values(), optimizer.factors]);
    this.underWay = 0;
    const [factor, gradientNorm] = read.pop()! as unknown as [number, number];
    const parts = this.update ? (this.options.accumulate ?? 1) : 1;
    const [[, loss], ...metrics] = names.map((name, i) => [name, read[i]!.map((value) => value / parts)]) as [
      [string, Float32Array],
      ...[string, Float32Array][],
    ];
    const values = Object.fromEntries(metrics);
    const numbers = { loss: loss[0]!, gradientNorm, updated: factor >= 0 };
    const alarms = alarmsOf({ ...numbers, triplets: values[TRIPLET_COUNTS], earlierNorms: this.norms });
    if (numbers.updated) {
      this.norms.push(gradientNorm);
      if (this.norms.length > NORMS) this.norms.shift();
    }
    const learningRate = learningRateAt(this.options.schedule, this.done);
    return { step: this.done, learningRate, ...numbers, metrics: values, alarms };
  }

  /**
   * The training at this step as one safetensors file; waits. `run` is JSON that belongs to it (net, position in the data), `score`
   * what the best checkpoint is told by, larger is better.
   */
  async checkpoint(run: unknown, score?: number): Promise<Uint8Array<ArrayBuffer>> {
    const facts = trainingFacts(this.options, this.weights, this.store.target);
    return encodeTrainingCheckpoint({
      ...facts,
      step: this.done,
      score,
      run,
      weights: await this.weights.read(this.store),
      state: await this.readState(),
    });
  }

  /**
   * Goes on from a checkpoint of a training with the same weights and options; true where the bits will be those of the
   * training that was not interrupted (on the same adapter). InputError where it belongs to another training, or where
   * its frozen weights are others.
   */
  async restore(c: TrainingCheckpoint): Promise<boolean> {
    const now = trainingFacts(this.options, this.weights, this.store.target);
    assertSameTraining(c, now);
    await this.assertSameFrozen(c);
    const { optimizer } = this.recording;
    for (const [name, t] of optimizer.state()) {
      const found = c.state.get(name);
      if (!found || !sameShape(found.shape, t.shape))
        throw new InputError(
          `the checkpoint's ${name} must be ${formatShape(t.shape)}, it is ${found ? formatShape(found.shape) : 'missing'}`,
        );
    }
    const frozen = new Set(this.weights.all.filter(({ role }) => role === 'frozen').map(({ name }) => name));
    const written = new Map([...c.weights].filter(([name]) => !frozen.has(name)));
    this.weights.write(this.store, written);
    for (const [name, t] of optimizer.state()) this.store.write(t, c.state.get(name)!.values);
    this.done = c.step;
    this.norms.length = 0;
    this.ran = false;
    return sameChoices(c, now);
  }

  /**
   * The moving averages of the trained weights, corrected for their start at zero (divided by 1 - decay^steps), with
   * the other weights as they are. InputError where none are kept, or before the first step.
   */
  async averages(): Promise<Map<string, Values>> {
    const { averageDecay } = this.options;
    if (averageDecay === undefined || this.done === 0)
      throw new InputError('training: no averages are kept; set averageDecay, and take a step');
    const correction = 1 - averageDecay ** this.done;
    const found = await this.weights.read(this.store);
    for (const { name, tensor: t } of this.weights.trained) {
      const values = await this.store.read(this.recording.optimizer.state().get(`${name}.average`)!);
      found.set(name, { shape: t.shape, values: values.map((value) => value / correction) });
    }
    return found;
  }

  /** Frees programs, inputs and the optimiser's tensors; inputs that were given as tensors stay, as do the weights. */
  destroy(): void {
    this.batch.destroy();
    this.update?.destroy();
    this.pins.destroy();
  }

  private feed(values: Batch): void {
    for (const [name, list] of Object.entries(values)) {
      const t = this.inputs[name];
      if (!t)
        throw new InputError(
          `training: there is no input ${name}; there is ${Object.keys(this.inputs).join(', ') || 'none'}`,
        );
      this.store.write(t, list);
    }
  }

  private begin(isFirst: boolean): void {
    this.recording.optimizer.beforeBatch(this.batch, isFirst);
    this.batch.setParams(REPORT_SUMS, { first: isFirst ? 1 : 0 });
  }

  private async readState(): Promise<Map<string, Values>> {
    const state = new Map<string, Values>();
    for (const [name, t] of this.recording.optimizer.state())
      state.set(name, { shape: t.shape, values: await this.store.read(t) });
    return state;
  }

  private async assertSameFrozen(c: TrainingCheckpoint): Promise<void> {
    for (const { name, role, tensor: t } of this.weights.all) {
      if (role !== 'frozen') continue;
      const kept = c.weights.get(name)!.values;
      const now = await this.store.read(t);
      if (!now.every((value, i) => Object.is(value, kept[i])))
        throw new InputError(
          `the checkpoint's frozen ${name} differs from the net's: write the checkpoint's weights before the training is made`,
        );
    }
  }
}

/** Remembers what was pinned through it, to release it all at once. */
class Pins implements PinStore {
  private readonly held = new Set<Tensor>();

  constructor(private readonly store: PinStore) {}

  pin(t: Tensor, values?: ArrayLike<number>): Tensor {
    this.store.pin(t, values);
    this.held.add(t);
    return t;
  }

  release(t: Tensor): void {
    this.store.release(t);
    this.held.delete(t);
  }

  destroy(): void {
    for (const t of [...this.held]) this.release(t);
  }
}

function isList(batches: Batch | readonly Batch[]): batches is readonly Batch[] {
  return Array.isArray(batches);
}
