// Adam with decoupled weight decay for all weights of a net, with clipping and gradient accumulation, all on the GPU.
import { KernelError } from '../base/errors.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { PinStore } from '../gpu/store.js';
import type { Program } from '../graph/program.js';
import type { Tape } from '../graph/tape.js';
import { adamDispatch } from '../kernels/adam.js';
import { accumulateDispatch, clipDispatches, NO_LIMIT } from '../kernels/gradients.js';
import type { Optimizer } from './optimizer.js';

/** Numbers of the algorithm; what is left out has the value named. */
export interface AdamWOptions {
  /** In units of the weights; by step (from 1) where it changes. */
  readonly learningRate: number | ((step: number) => number);
  /** 0.9, 0.999 and 1e-8. */
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** A step moves a decayed weight w by learningRate * weightDecay * w towards 0; 0. */
  readonly weightDecay?: number;
  /** Largest norm of all gradients together; none. */
  readonly clipNorm?: number | undefined;
  /** Decay of the moving averages of the weights; none are kept. */
  readonly averageDecay?: number | undefined;
  /** How many gradients are averaged for one update: with more than 1, `accumulate` is recorded for each; 1. */
  readonly accumulate?: number;
}

/** A weight and its gradient. */
export interface WeightGradient {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** Multiplies the learning rate; 1. */
  readonly rate?: number;
  /** Whether weight decay applies; true. */
  readonly decays?: boolean;
}

/** Weights that share a learning rate and a decay, and the label of their dispatches. */
interface Group {
  readonly label: string;
  readonly rate: number;
  readonly decays: boolean;
}

const ADD = 'adamw:accumulate';
const CLIP = 'adamw:clip';

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2, with the learning rate in the decay, as PyTorch has it):
 * w <- w - lr*(decay*w + m^ / (sqrt(v^) + epsilon)), on gradients whose common norm is clipped first. Where that norm is
 * not finite, a step changes no weight and no moment. Moments m, v, moving averages (uncorrected, as Adam's) and `factors`
 * (the factor that the gradients were multiplied by, and their norm before) are pinned.
 */
export class AdamW implements Optimizer {
  /** [4]: the factor that the last gradients were multiplied by (-1: not finite, the weights stayed), their norm, 0, 0. */
  readonly factors: Tensor;
  private readonly options: Required<Omit<AdamWOptions, 'clipNorm' | 'averageDecay'>> & AdamWOptions;
  private readonly tensors = new Map<string, Tensor>();
  private readonly groups = new Map<string, Group>();

  constructor(
    private readonly store: PinStore,
    options: AdamWOptions,
  ) {
    this.options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, accumulate: 1, ...options };
    const { beta1, beta2, epsilon, weightDecay, clipNorm, averageDecay, accumulate } = this.options;
    const share = (name: string, value: number) => {
      if (!(value >= 0 && value < 1))
        throw new KernelError(`adamw: ${name} must lie in 0..1, 1 excluded, got ${value}`);
    };
    share('beta1', beta1);
    share('beta2', beta2);
    if (averageDecay !== undefined) share('averageDecay', averageDecay);
    if (!(epsilon > 0)) throw new KernelError(`adamw: epsilon must be positive, got ${epsilon}`);
    if (!(weightDecay >= 0))
      throw new KernelError(`adamw: weightDecay must not be negative, got ${weightDecay}`);
    if (clipNorm !== undefined && !(clipNorm > 0))
      throw new KernelError(`adamw: clipNorm must be positive, got ${clipNorm}`);
    if (!Number.isInteger(accumulate) || accumulate < 1)
      throw new KernelError(`adamw: accumulate must be a positive integer, got ${accumulate}`);
    this.factors = store.pin(tensor('adamw.factors', [4], { lifetime: 'pinned' }));
  }

  /** One weight by itself: `recordAll` of one. */
  record(tape: Tape, parameter: Tensor, gradient: Tensor): void {
    this.recordAll(tape, [{ parameter, gradient }]);
  }

  /**
   * Records the update of all weights behind their gradients. With `accumulate` above 1, the gradients given here are
   * those that `accumulate` returned, in a program of its own.
   */
  recordAll(tape: Tape, weights: readonly WeightGradient[]): void {
    if (weights.length === 0) throw new KernelError('adamw: there is no weight to update');
    const { beta1, beta2, epsilon, clipNorm, averageDecay, accumulate } = this.options;
    const gradients = weights.map(({ gradient }) => gradient);
    const limits = { gain: 1 / accumulate, limit: clipNorm ?? NO_LIMIT };
    tape.emit(...clipDispatches(CLIP, tape.target, gradients, this.factors, limits));
    for (const { parameter, gradient, rate = 1, decays = true } of weights) {
      const group = { label: `adamw:step rate ${rate}${decays ? ' decays' : ''}`, rate, decays };
      this.groups.set(group.label, group);
      const m = this.pin(parameter, 'm');
      const v = this.pin(parameter, 'v');
      const average = averageDecay === undefined ? undefined : this.pin(parameter, 'average');
      const tensors = { gradient, parameter, m, v, average, factors: this.factors };
      const numbers = { beta1, beta2, epsilon, decay: averageDecay ?? 0 };
      tape.emit(adamDispatch(group.label, tape.target, tensors, numbers));
    }
  }

  /** Records the addition of each gradient to a pinned sum; returns the sums, in the order of the gradients. */
  accumulate(tape: Tape, weights: readonly Pick<WeightGradient, 'parameter' | 'gradient'>[]): Tensor[] {
    return weights.map(({ parameter, gradient }) => {
      const { name, shape, layout } = parameter;
      const sum = tensor(`${name}.gradient`, shape, { layout, lifetime: 'pinned' });
      this.store.pin(sum);
      tape.emit(accumulateDispatch(ADD, tape.target, gradient, sum));
      return sum;
    });
  }

  /** Tells a program with `accumulate` whether its next run begins a sum. */
  beforeBatch(program: Program, isFirst: boolean): void {
    program.setParams(ADD, { first: isFirst ? 1 : 0 });
  }

  beforeStep(program: Program, step: number): void {
    const { beta1, beta2, weightDecay } = this.options;
    const learningRate = this.learningRate(step);
    for (const { label, rate, decays } of this.groups.values()) {
      program.setParams(label, {
        stepSize: (rate * learningRate) / (1 - beta1 ** step),
        rootScale: 1 / Math.sqrt(1 - beta2 ** step),
        decayStep: decays ? rate * learningRate * weightDecay : 0,
      });
    }
  }

  /** Of step `step`, before a weight's own rate. */
  learningRate(step: number): number {
    const { learningRate } = this.options;
    return typeof learningRate === 'number' ? learningRate : learningRate(step);
  }

  /** `NAME.m`, `NAME.v` and, where averages are kept, `NAME.average`. */
  state(): ReadonlyMap<string, Tensor> {
    return this.tensors;
  }

  private pin({ name, shape, layout }: Tensor, part: string): Tensor {
    const key = `${name}.${part}`;
    if (this.tensors.has(key)) throw new KernelError(`adamw: two weights are named ${name}`);
    const t = this.store.pin(tensor(key, shape, { layout, lifetime: 'pinned' }));
    this.tensors.set(key, t);
    return t;
  }
}
