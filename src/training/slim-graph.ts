// What a training of the slim VGG minimises: distances of its taps to a teacher's, at some pixels of each.
import { InputError } from '../base/errors.js';
import type { Shape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { blockEnergy } from '../kernels/block-energy.js';
import { columnNormalize } from '../kernels/column-normalize.js';
import { gramError } from '../kernels/gram-error.js';
import { kernelError } from '../kernels/kernel-error.js';
import { linear } from '../kernels/linear.js';
import { type PixelGrid, pixelRows } from '../kernels/pixel-rows.js';
import { squaredError } from '../kernels/squared-error.js';
import { vggPoolings } from '../nets/vgg.js';
import { weightedSum } from './losses.js';
import type { RecordGraph } from './types.js';
import { type NormStatistics, SLIM_NET, slimConvs, slimTraining } from './vgg-slim.js';
import type { WeightSpec } from './weights.js';

/** The taps that content and style losses read. */
export const SLIM_TAPS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu4_2', 'relu5_1'] as const;

/** A tap in training. */
export interface SlimTap {
  readonly tap: string;
  /** Channels of the student's and of the teacher's. */
  readonly channels: number;
  readonly teacherChannels: number;
  /** Side of the map, and the pixels of it that are compared. */
  readonly side: number;
  readonly grid: PixelGrid;
  /** Every how many of these pixels, and how many a side, are compared by inner products with those of all crops. */
  readonly kernel: { readonly stride: number; readonly side: number };
  /** Factor of the tap's losses. */
  readonly weight: number;
}

/** Factors of the losses of every tap. */
export interface SlimLossOptions {
  readonly feature: number;
  readonly gram: number;
  /** Of the inner products of pixels, as they are and with centred channels. */
  readonly kernel: number;
}

/** What a first net was trained with (docs/training/vgg19-slim.md). */
export const SLIM_LOSS_DEFAULTS: SlimLossOptions = { feature: 1, gram: 0.5, kernel: 1 };

/** Channels over their means; one that hardly fires is not blown up. */
const KERNEL = { divide: true, epsilon: 0.01 } as const;

/** Least side of a crop: relu5_1 has two pixels a side then. */
export const LEAST_CROP = 32;

/**
 * The taps of crops of `side` pixels, each compared at up to `perSide` x `perSide` of its pixels, by inner products of all
 * crops at up to `kernelSide` x `kernelSide` of these. InputError for a side that the poolings do not divide.
 */
export function slimTaps(
  side: number,
  { perSide, kernelSide }: { readonly perSide: number; readonly kernelSide: number },
  widths: readonly number[],
  teacherChannels: ReadonlyMap<string, number>,
  weights: Readonly<Record<string, number>> = {},
): SlimTap[] {
  if (!Number.isInteger(side) || side < LEAST_CROP || side % 16 !== 0)
    throw new InputError(
      `a crop must have a side of ${LEAST_CROP} px or more, a multiple of 16, got ${side}`,
    );
  const unknown = Object.keys(weights).find((name) => !(SLIM_TAPS as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new InputError(`there is no tap ${unknown}; the taps are ${SLIM_TAPS.join(', ')}`);
  const convs = new Map(slimConvs(widths).map(({ name, shape }) => [name, shape[0]!]));
  const all = SLIM_TAPS.map((tap): SlimTap => {
    const own = side / 2 ** vggPoolings(SLIM_NET, tap);
    const count = Math.min(own, perSide);
    const few = Math.min(count, kernelSide);
    return {
      tap,
      channels: convs.get(tap.replace('relu', 'conv'))!,
      teacherChannels: teacherChannels.get(tap)!,
      side: own,
      grid: { rows: count, columns: count, step: Math.floor(own / count) },
      kernel: { stride: Math.floor(count / few), side: few },
      weight: weights[tap] ?? 1,
    };
  });
  const used = all.filter(({ weight }) => weight > 0);
  if (used.length === 0) throw new InputError('no tap has a weight above 0: there is nothing to learn');
  return used;
}

/** Places where a tap's grid may begin, along one axis. */
export function roomOf({ side, grid }: SlimTap): number {
  return side - (grid.rows - 1) * grid.step;
}

/**
 * Inputs for batches of `batch` crops of `side` px: the crops, and by tap where grids begin and what the teacher has there;
 * the same for inner products, where these take fewer pixels.
 */
export function slimInputs(batch: number, side: number, taps: readonly SlimTap[]): Record<string, Shape> {
  const inputs: Record<string, Shape> = { crops: [batch, 3, side, side] };
  for (const { tap, grid, kernel, teacherChannels } of taps) {
    inputs[`at.${tap}`] = [batch, 2];
    inputs[`teacher.${tap}`] = [batch * grid.rows * grid.columns, teacherChannels];
    if (kernel.side === grid.rows) continue;
    inputs[`kernel.at.${tap}`] = [batch, 2];
    inputs[`kernel.teacher.${tap}`] = [batch * kernel.side ** 2, teacherChannels];
  }
  return inputs;
}

/** The projections from the student's channels to the teacher's; no part of what is exported. */
export function slimProjections(taps: readonly SlimTap[]): WeightSpec[] {
  return taps.map(({ tap, channels, teacherChannels }) => ({
    name: `projection.${tap}`,
    shape: [teacherChannels, channels],
    init: { kind: 'normal', deviation: 0.05 / Math.sqrt(channels) },
  }));
}

/**
 * Records the net on crops [N,3,S,S], RGB in 0..1, and for each tap, with a the student's pixels, f the teacher's (divided by
 * their deviation) and P a learned matrix: the mean of (P a - f)^2 (FitNets, arXiv 1412.6550, eq. 3), and the mean over
 * pictures of |G(P a) - G(f)|^2 / |G(f)|^2; and 1 - the cosine of the matrices of inner products of all pixels of a, its
 * channels divided by their means as in the net that is exported, and f, once as they are and once centred. Losses of style
 * transfer see nothing else of features (docs/training/vgg19-slim.md). Metrics: all of each tap before any factor.
 */
export function recordSlimTraining(
  taps: readonly SlimTap[],
  options: SlimLossOptions,
  statistics: NormStatistics = 'batch',
): RecordGraph {
  return ({ tape, weights, inputs }) => {
    const features = slimTraining(tape, weights, inputs.crops!, statistics);
    const terms: (readonly [Tensor, number])[] = [];
    const metrics: Record<string, Tensor> = {};
    const add = (name: string, value: Tensor, factor: number) => {
      if (factor > 0) terms.push([value, factor]);
      metrics[name] = value;
    };
    for (const { tap, grid, kernel, weight, channels, teacherChannels } of taps) {
      const target = inputs[`teacher.${tap}`]!;
      const at = inputs[`at.${tap}`]!;
      const rows = tape.record(pixelRows, `${tap}.rows`, { x: features.get(tap)!, at }, grid);
      const projection = weights.get(`projection.${tap}`, [teacherChannels, channels]);
      const x = tape.record(linear, `${tap}.projected`, { x: rows, weight: projection }, {});
      const scale = 1 / (target.shape[0]! * teacherChannels);
      const feature = tape.record(squaredError, `${tap}.feature`, { x, target }, { scale });
      const block = grid.rows * grid.columns;
      const energy = tape.record(blockEnergy, `${tap}.energy`, { x: target }, { block });
      const gram = tape.record(gramError, `${tap}.gram`, { x, target, energy }, { block });
      add(`feature ${tap}`, feature, weight * options.feature);
      add(`gram ${tap}`, gram, weight * options.gram);
      if (options.kernel === 0) continue;
      const few = { rows: kernel.side, columns: kernel.side, step: grid.step * kernel.stride };
      const places = inputs[`kernel.at.${tap}`];
      const some = places
        ? tape.record(pixelRows, `${tap}.some`, { x: features.get(tap)!, at: places }, few)
        : rows;
      const goals = inputs[`kernel.teacher.${tap}`] ?? target;
      for (const [name, centre] of [
        ['kernel', false],
        ['centred', true],
      ] as const) {
        const where = `${tap}.${name}`;
        const own = tape.record(columnNormalize, `${where}.student`, { x: some }, { ...KERNEL, centre });
        const attrs = { centre, divide: false, epsilon: KERNEL.epsilon };
        const goal = centre ? tape.record(columnNormalize, `${where}.teacher`, { x: goals }, attrs) : goals;
        const size = { block: goal.shape[0]! };
        const energy = tape.record(blockEnergy, `${where}.energy`, { x: goal }, size);
        const value = tape.record(kernelError, where, { x: own, target: goal, energy }, {});
        add(`${name} ${tap}`, value, weight * options.kernel);
      }
    }
    return { loss: weightedSum(tape, 'loss', terms), metrics };
  };
}
