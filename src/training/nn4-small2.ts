// nn4.small2 while it is trained: the architecture of the inference net, its convolutions normalised over the batch.
import { WeightsError } from '../base/errors.js';
import type { Tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import type { Tape } from '../graph/tape.js';
import type { WeightTensor } from '../nets/manifest.js';
import {
  foldedConv,
  foldNn4Small2,
  NN4_SMALL2_BLOCKS,
  NN4_SMALL2_EPSILON,
  type Nn4Conv,
  nn4Small2Layers,
  nn4Small2Pairs,
} from '../nets/nn4-small2.js';
import type { FloatDtype } from '../nets/safetensors.js';
import { convNorm, convNormSpecs, firstRunning } from './conv-norm.js';
import { ZEROS } from './initialise.js';
import type { TrainableWeights, Values, WeightSpec } from './weights.js';

/** Share of a batch's statistics in the running averages, as PyTorch's BatchNorm2d has it. */
const MOMENTUM = 0.1;

/** From where a net is trained: all of it, or a block of `NN4_SMALL2_BLOCKS` and what follows (`dense`: the last layer alone). */
export type Nn4TrainFrom = 'start' | 'dense' | string;

/** What --from may be. */
export const NN4_TRAIN_FROM: readonly Nn4TrainFrom[] = [
  'start',
  ...NN4_SMALL2_BLOCKS.map(({ name }) => name),
  'dense',
];

/** Whether `conv` lies before where training starts: it is frozen then, its normalisation folded in. */
function isFrozen(conv: string, from: Nn4TrainFrom): boolean {
  if (from === 'start') return false;
  const place = (name: string) => NN4_TRAIN_FROM.indexOf(name);
  if (place(from) < 0)
    throw new WeightsError(
      `nn4.small2: trained from ${from}, must be from one of ${NN4_TRAIN_FROM.join(', ')}`,
    );
  const block = /^inception_(\w+?)_/.exec(conv)?.[1] ?? 'start';
  return place(block) < place(from);
}

/**
 * The weights of nn4.small2: convolutions without bias, which the normalisation would take away again (He et al.), gamma 1
 * and beta 0, the last layer (Glorot). What is trained from a later block on keeps the running averages that it has.
 */
export function nn4Small2Specs(from: Nn4TrainFrom = 'start'): WeightSpec[] {
  const specs: WeightSpec[] = [];
  for (const { conv, norm, shape } of nn4Small2Pairs()) {
    const outputs = [shape[0]!];
    if (isFrozen(conv, from)) {
      specs.push({ name: `${conv}.weight`, shape, init: ZEROS, role: 'frozen' });
      specs.push({ name: `${conv}.bias`, shape: outputs, init: ZEROS, role: 'frozen' });
      continue;
    }
    specs.push(...convNormSpecs(conv, norm, shape, from === 'start' ? 'statistic' : 'frozen'));
  }
  specs.push({ name: 'dense.weight', shape: [128, 736], init: { kind: 'glorot-uniform' } });
  specs.push({ name: 'dense.bias', shape: [128], init: ZEROS });
  return specs;
}

/**
 * x [N,3,96,96], RGB in 0..1 -> layers as nn4Small2. From the start, batches normalise themselves and the running averages
 * follow; from a later block on, the running averages normalise, since a few people's pictures have poor statistics.
 */
export function nn4Small2Training(
  tape: Tape,
  weights: TrainableWeights,
  x: Tensor,
  from: Nn4TrainFrom = 'start',
): Map<string, Tensor> {
  const norms = new Map(nn4Small2Pairs().map(({ conv, norm }) => [conv, norm]));
  const frozen = foldedConv(tape, weights);
  const conv: Nn4Conv = (name, input, stride, pad) => {
    if (isFrozen(name, from)) return frozen(name, input, stride, pad);
    const momentum = from === 'start' ? MOMENTUM : undefined;
    const layer = { name, norm: norms.get(name)!, stride, pad, epsilon: NN4_SMALL2_EPSILON, momentum };
    return convNorm(tape, weights, input, layer);
  };
  const dense = { weight: weights.get('dense.weight', [128, 736]), bias: weights.get('dense.bias', [128]) };
  return nn4Small2Layers(tape, { conv, dense }, x);
}

/** First running averages: mean 0 and variance 1. */
export function beginNn4Small2(store: TensorStore, weights: TrainableWeights): void {
  for (const { norm, shape } of nn4Small2Pairs()) {
    const K = shape[0]!;
    store.write(weights.get(`${norm}.running`, [2, K]), firstRunning(K));
  }
}

/**
 * Weights of a released file, or of one that was trained before, as those of nn4Small2Specs. A convolution's bias, which
 * they have no place for, goes into the mean: gamma (x + bias - mean) is gamma (x - (mean - bias)). WeightsError, naming
 * `where`, for what is missing or does not fit.
 */
export function importNn4Small2(
  tensors: ReadonlyMap<string, WeightTensor>,
  where: string,
  from: Nn4TrainFrom = 'start',
): Map<string, Values> {
  // Checks names and shapes of all tensors too.
  const folded = foldNn4Small2(tensors, where);
  const values = new Map<string, Values>();
  const copy = (name: string, source: ReadonlyMap<string, WeightTensor>) => {
    const { shape, values: own } = source.get(name)!;
    values.set(name, { shape, values: own });
  };
  for (const { conv, norm, shape } of nn4Small2Pairs()) {
    if (isFrozen(conv, from)) {
      copy(`${conv}.weight`, folded);
      copy(`${conv}.bias`, folded);
      continue;
    }
    const of = (name: string) => tensors.get(name)!.values;
    const bias = of(`${conv}.bias`);
    const mean = of(`${norm}.running_mean`).map((value, k) => value - bias[k]!);
    for (const name of [`${conv}.weight`, `${norm}.weight`, `${norm}.bias`]) copy(name, tensors);
    values.set(`${norm}.running`, {
      shape: [2, shape[0]!],
      values: Float32Array.from([...mean, ...of(`${norm}.running_var`)]),
    });
  }
  for (const name of ['dense.weight', 'dense.bias']) copy(name, tensors);
  return values;
}

/**
 * The tensors that the inference net reads, by their names in a released file: kernels as `dtype`, the few numbers a channel
 * in f32, since variances may lie outside the range of f16. `base` has what was frozen, as it was loaded.
 */
export function exportNn4Small2(
  trained: ReadonlyMap<string, Values>,
  dtype: FloatDtype,
  base: ReadonlyMap<string, WeightTensor> = new Map(),
  from: Nn4TrainFrom = 'start',
): Map<string, Values & { readonly dtype: FloatDtype }> {
  const out = new Map<string, Values & { readonly dtype: FloatDtype }>();
  const put = (name: string, { shape, values }: Values) =>
    out.set(name, { shape, values, dtype: shape.length > 1 ? dtype : 'F32' });
  const find = (name: string, source: ReadonlyMap<string, Values>) => {
    const found = source.get(name);
    if (!found) throw new WeightsError(`nn4.small2: there is no ${name} to export`);
    return found;
  };
  for (const { conv, norm, shape } of nn4Small2Pairs()) {
    const K = shape[0]!;
    if (isFrozen(conv, from)) {
      const names = [`${conv}.weight`, `${conv}.bias`, `${norm}.weight`, `${norm}.bias`];
      for (const name of [...names, `${norm}.running_mean`, `${norm}.running_var`])
        put(name, find(name, base));
      continue;
    }
    for (const name of [`${conv}.weight`, `${norm}.weight`, `${norm}.bias`]) put(name, find(name, trained));
    const running = find(`${norm}.running`, trained).values;
    put(`${conv}.bias`, { shape: [K], values: new Float32Array(K) });
    put(`${norm}.running_mean`, { shape: [K], values: running.slice(0, K) });
    put(`${norm}.running_var`, { shape: [K], values: running.slice(K) });
  }
  for (const name of ['dense.weight', 'dense.bias']) put(name, find(name, trained));
  return out;
}
