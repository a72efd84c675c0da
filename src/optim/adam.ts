// Adam on the GPU, with optional clamping and an average of the iterates.
import { KernelError } from '../base/errors.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { PinStore } from '../gpu/store.js';
import type { Program } from '../graph/program.js';
import type { Tape } from '../graph/tape.js';
import { adamDispatch } from '../kernels/adam.js';
import type { Optimizer } from './optimizer.js';

/** Numbers of the algorithm; what is left out has the paper's value. */
export interface AdamOptions {
  /** In units of the parameter. */
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Bounds that every value is clamped to after the step; 0 must lie between them (zero borders). */
  readonly clamp?: readonly [number, number] | undefined;
  /** Decay of the exponential moving average of the iterates; absent: none is kept. */
  readonly averageDecay?: number | undefined;
}

const LABEL = 'adam:step';

/**
 * Adam (Kingma & Ba, arXiv 1412.6980): moments m, v pinned beside the parameter. The moving average is kept
 * uncorrected; `averageCorrection` divides it by 1 - decay^t.
 */
export class Adam implements Optimizer {
  private readonly options: Required<Omit<AdamOptions, 'clamp' | 'averageDecay'>> & AdamOptions;
  private readonly tensors = new Map<string, Tensor>();

  constructor(
    private readonly store: PinStore,
    options: AdamOptions,
  ) {
    this.options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...options };
    const { clamp } = options;
    if (clamp && !(clamp[0] <= 0 && clamp[1] >= 0)) {
      throw new KernelError(`adam: the clamp range [${clamp.join(',')}] must contain 0`);
    }
  }

  record(tape: Tape, parameter: Tensor, gradient: Tensor): void {
    const make = (name: string): Tensor => {
      const t = tensor(`${parameter.name}.${name}`, parameter.shape, {
        layout: parameter.layout,
        lifetime: 'pinned',
      });
      this.tensors.set(name, t);
      return this.store.pin(t);
    };
    const m = make('m');
    const v = make('v');
    const { averageDecay } = this.options;
    const average = averageDecay === undefined ? undefined : make('average');
    const { beta1, beta2, epsilon, clamp } = this.options;
    tape.emit(
      adamDispatch(
        LABEL,
        tape.target,
        { gradient, parameter, m, v, average },
        {
          beta1,
          beta2,
          epsilon,
          clamp,
          decay: averageDecay ?? 0,
        },
      ),
    );
  }

  beforeStep(program: Program, step: number): void {
    const { learningRate, beta1, beta2 } = this.options;
    program.setParams(LABEL, {
      stepSize: learningRate / (1 - beta1 ** step),
      rootScale: 1 / Math.sqrt(1 - beta2 ** step),
    });
  }

  state(): ReadonlyMap<string, Tensor> {
    return this.tensors;
  }
}
