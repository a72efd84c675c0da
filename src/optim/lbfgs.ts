// L-BFGS without a line search, on the GPU.
import { KernelError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import { ceilDiv } from '../base/shape.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { PinStore } from '../gpu/store.js';
import type { Program } from '../graph/program.js';
import type { Tape } from '../graph/tape.js';
import { type LbfgsGroup, type LbfgsMemory, lbfgsDispatches } from '../kernels/lbfgs.js';
import type { Optimizer } from './optimizer.js';

/** What the algorithm leaves open. */
export interface LbfgsOptions {
  /** Pairs remembered. */
  readonly history: number;
  /** Length of a step along the direction; 1 is Newton's. */
  readonly learningRate: number;
  /** Bounds that every value is clamped to after the step; 0 must lie between them (zero borders). */
  readonly clamp?: readonly [number, number] | undefined;
  /** Most bytes of one storage binding; longer histories are split over several. Default 128 MiB. */
  readonly bindingBytes?: number | undefined;
}

/** What one storage binding may hold on every WebGPU adapter. */
const BINDING_BYTES = 2 ** 27;
/** `lbfgs.state` before the first step. */
const FIRST_STATE = [0, 0, 0, 1];

/**
 * L-BFGS (Nocedal 1980) with fixed step lengths, as torch.optim.LBFGS without a line search takes them: the first
 * step is min(1, 1/|g|_1) * learningRate along -g, a pair is kept where y.s > 1e-10, and the initial inverse
 * Hessian is (y.s)/(y.y) I of the newest pair. s is the step after clamping. Each parameter has a history of its own.
 */
export class Lbfgs implements Optimizer {
  private readonly tensors = new Map<string, Tensor>();

  constructor(
    private readonly store: PinStore,
    private readonly options: LbfgsOptions,
  ) {
    const { history, learningRate, clamp } = options;
    if (!Number.isInteger(history) || history < 1) {
      throw new KernelError(`lbfgs: history must be a positive integer, got ${history}`);
    }
    if (!(learningRate > 0))
      throw new KernelError(`lbfgs: the learning rate must be positive, got ${learningRate}`);
    if (clamp && !(clamp[0] <= 0 && clamp[1] >= 0)) {
      throw new KernelError(`lbfgs: the clamp range [${clamp.join(',')}] must contain 0`);
    }
  }

  record(tape: Tape, parameter: Tensor, gradient: Tensor): void {
    const memory = this.allocate(parameter);
    const { learningRate, clamp } = this.options;
    const label = `lbfgs:step at ${parameter.name}`;
    tape.emit(
      ...lbfgsDispatches(label, tape.target, { x: parameter, gradient, memory }, { learningRate, clamp }),
    );
  }

  /** Nothing changes between steps from outside: the ring and the recursion live on the GPU. */
  beforeStep(_program: Program, _step: number): void {}

  state(): ReadonlyMap<string, Tensor> {
    return this.tensors;
  }

  /** A state's tensors without the pairs that were remembered: the next step is a first one. */
  static restarted<T extends { readonly values: Float32Array }>(
    state: ReadonlyMap<string, T>,
  ): Map<string, T> {
    return new Map(
      [...state].map(([name, kept]) => {
        const values = new Float32Array(kept.values.length);
        if (name === 'lbfgs.state') values.set(FIRST_STATE);
        return [name, { ...kept, values }];
      }),
    );
  }

  /** The ring has one slot more than pairs are remembered: a candidate never overwrites one before it is accepted. */
  private allocate(parameter: Tensor): LbfgsMemory {
    const { shape, layout, name } = parameter;
    const total = this.options.history + 1;
    const { vec4s, bytes } = geometryOf(shape, layout);
    const perGroup = Math.min(
      total,
      Math.max(1, Math.floor((this.options.bindingBytes ?? BINDING_BYTES) / bytes)),
    );
    const make = (part: string, t: Tensor, values?: readonly number[]): Tensor => {
      const key = this.tensors.has(part) ? `${name}.${part}` : part;
      this.tensors.set(key, t);
      return this.store.pin(t, values);
    };
    const flat = (part: string, extents: readonly number[], values?: readonly number[]) =>
      make(part, tensor(`${name}.${part}`, extents, { lifetime: 'pinned' }), values);
    const like = (part: string) =>
      make(part, tensor(`${name}.${part}`, shape, { layout, lifetime: 'pinned' }));
    const groups = Array.from({ length: ceilDiv(total, perGroup) }, (_, i): LbfgsGroup => {
      const first = i * perGroup;
      const slots = Math.min(perGroup, total - first);
      return {
        first,
        slots,
        S: flat(`lbfgs.s.${first}`, [slots, 4 * vec4s]),
        Y: flat(`lbfgs.y.${first}`, [slots, 4 * vec4s]),
      };
    });
    return {
      groups,
      previousX: like('lbfgs.x'),
      previousG: like('lbfgs.g'),
      state: flat('lbfgs.state', [4], FIRST_STATE),
      history: flat('lbfgs.history', [2 * total * total]),
    };
  }
}
