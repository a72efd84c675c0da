// The slim VGG while it is trained: VGG-19's table through conv5_1 with few channels, its convolutions normalised over the
// batch. What inference reads has the normalisation folded in.
import { WeightsError } from '../base/errors.js';
import type { Shape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import type { Tape } from '../graph/tape.js';
import { maxPool2d } from '../kernels/pool2d.js';
import { scaleShift } from '../kernels/scale-shift.js';
import { type FoldedWeights, foldBatchNorm } from '../nets/fold-batch-norm.js';
import { CONVENTIONS } from '../nets/manifest.js';
import { rgbNormalisation } from '../nets/net.js';
import { vggLayers } from '../nets/vgg.js';
import { convNorm, convNormSpecs, firstRunning } from './conv-norm.js';
import type { TrainableWeights, Values, WeightSpec } from './weights.js';

/** The net's name in the table of the VGG family. */
export const SLIM_NET = 'vgg19-slim';
/** Channels by block, unless said: a quarter of VGG-19's. */
export const SLIM_WIDTHS: readonly number[] = [16, 32, 64, 128, 128];
/** What the slim net sees. */
export const SLIM_CONVENTION = CONVENTIONS.torchvision;

const EPSILON = 1e-5;
/** Share of a batch in the running averages: small, since crops of few pictures differ much. */
const MOMENTUM = 0.02;
/** Begins most units in their linear range. */
const FIRST_BETA = 0.2;

/** The convolutions of a net with these channels by block, in order. WeightsError where `widths` are not five. */
export function slimConvs(widths: readonly number[]): { name: string; shape: Shape }[] {
  if (widths.length !== 5 || !widths.every((width) => Number.isInteger(width) && width >= 1))
    throw new WeightsError(`${SLIM_NET}: widths must be five whole numbers, got ${widths.join(',')}`);
  let inputs = 3;
  return vggLayers(SLIM_NET).flatMap((layer) => {
    if (layer.kind === 'pool') return [];
    const outputs = widths[layer.block - 1]!;
    const shape = [outputs, inputs, 3, 3];
    inputs = outputs;
    return [{ name: layer.name, shape }];
  });
}

/** The weights of the net in training. */
export function slimSpecs(widths: readonly number[]): WeightSpec[] {
  const beta = { kind: 'constant', value: FIRST_BETA } as const;
  return slimConvs(widths).flatMap(({ name, shape }) =>
    convNormSpecs(name, normOf(name), shape, 'statistic', beta),
  );
}

/** What a training net's batch norms take: each batch's own statistics, or the running averages, which stay as they are. */
export type NormStatistics = 'batch' | 'running';

/** x [N,3,H,W], RGB in 0..1 -> every reluX_Y by name. */
export function slimTraining(
  tape: Tape,
  weights: TrainableWeights,
  x: Tensor,
  statistics: NormStatistics = 'batch',
): Map<string, Tensor> {
  const momentum = statistics === 'batch' ? MOMENTUM : undefined;
  const { scale, shift } = rgbNormalisation(SLIM_CONVENTION, 1);
  const input = {
    scale: weights.constant('input.scale', [3], scale),
    shift: weights.constant('input.shift', [3], shift),
  };
  let value = tape.record(scaleShift, 'input', { x, ...input }, {});
  const taps = new Map<string, Tensor>();
  for (const layer of vggLayers(SLIM_NET)) {
    if (layer.kind === 'pool') {
      value = tape.record(maxPool2d, layer.name, { x: value }, { window: 2, stride: 2, pad: 0 });
      continue;
    }
    const { name } = layer;
    const rules = { stride: 1, pad: 1, epsilon: EPSILON, momentum };
    value = convNorm(tape, weights, value, { name, norm: normOf(name), ...rules });
    taps.set(layer.tap, value);
  }
  return taps;
}

/** First running averages: mean 0 and variance 1. */
export function beginSlim(store: TensorStore, weights: TrainableWeights, widths: readonly number[]): void {
  for (const { name, shape } of slimConvs(widths))
    store.write(weights.get(`${normOf(name)}.running`), firstRunning(shape[0]!));
}

/** Weights and biases of the convolutions with their normalisation folded in, in float64, in the net's order. */
export function foldSlim(
  trained: ReadonlyMap<string, Values>,
  widths: readonly number[],
): Map<string, FoldedWeights> {
  const of = (name: string) => {
    const found = trained.get(name);
    if (!found) throw new WeightsError(`${SLIM_NET}: there is no ${name} to export`);
    return found.values;
  };
  return new Map(
    slimConvs(widths).map(({ name, shape }) => {
      const K = shape[0]!;
      const norm = normOf(name);
      const running = of(`${norm}.running`);
      const folded = foldBatchNorm(
        `${SLIM_NET} ${name}`,
        { shape, weight: of(`${name}.weight`) },
        {
          gamma: of(`${norm}.weight`),
          beta: of(`${norm}.bias`),
          mean: running.subarray(0, K),
          variance: running.subarray(K),
          epsilon: EPSILON,
        },
      );
      return [name, folded];
    }),
  );
}

/**
 * The same net with channel c of each layer divided by factors[layer][c]: rectifiers and poolings hand positive factors
 * on, so that the next layer's kernels take them back.
 */
export function divideChannels(
  net: ReadonlyMap<string, FoldedWeights>,
  factors: ReadonlyMap<string, ArrayLike<number>>,
): Map<string, FoldedWeights> {
  let before: ArrayLike<number> = [1, 1, 1];
  const out = new Map<string, FoldedWeights>();
  for (const [name, { shape, weight, bias }] of net) {
    const own = factors.get(name)!;
    const [, C] = shape as unknown as [number, number];
    const inputs = before;
    out.set(name, {
      shape,
      weight: weight.map((value, i) => {
        const k = Math.floor(i / (9 * C));
        return (value * inputs[Math.floor(i / 9) % C]!) / own[k]!;
      }),
      bias: bias.map((value, k) => value / own[k]!),
    });
    before = own;
  }
  return out;
}

function normOf(conv: string): string {
  return `${conv}.norm`;
}
