// The nets that faces go through, by name, and what an embedding depends on.
import { InputError } from '../base/errors.js';
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { l2Normalize } from '../kernels/l2-normalize.js';
import type { WeightTensor } from '../nets/manifest.js';
import { foldNn4Small2, NN4_SMALL2_SIDE, nn4Small2 } from '../nets/nn4-small2.js';
import type { PinnedWeights } from '../nets/pinned-weights.js';
import { foldScales, RESNET34_SIDE, resnet34 } from '../nets/resnet34.js';
import { DLIB_TEMPLATE, type FaceTemplate, OPENFACE_TEMPLATE } from './align.js';
import type { Calibration } from './evaluation/calibration.js';

/** A net that turns a chip into 128 numbers of length 1. */
export interface Embedder {
  readonly name: string;
  readonly template: FaceTemplate;
  /** Squared L2 below which two faces are held to be one person's, before a user fits one: the most right answers. */
  readonly threshold: number;
  /** The same for a search, where one probe meets many people: the most right answers would name too many strangers. */
  readonly searchThreshold: number;
  /** From squared L2 to the probability of one person, where it was fitted. */
  readonly calibration?: Calibration;
  /** The file's tensors in the form that `record` wants. */
  prepare(tensors: ReadonlyMap<string, WeightTensor>, where: string): Map<string, WeightTensor>;
  /** x [N,3,S,S], RGB in 0..1 -> [N,128], rows of length 1. */
  record(tape: Tape, weights: PinnedWeights, x: Tensor): Tensor;
}

/** Platt's sigmoid of a list with `count` pairs of either kind, as `facet face evaluate` prints it. */
function platt(a: number, b: number, count: number): Calibration {
  return { kind: 'platt', a, b, prior: 0.5, pairs: { same: count, different: count } };
}

/**
 * Thresholds and calibrations are of pictures of LFW's View 2 (folds 7 and 8, cropped to 160 px), found and aligned by
 * this pipeline: `threshold` and `calibration` by `facet face evaluate` (300 pairs for resnet34, 120 for nn4.small2),
 * `searchThreshold` by `facet face threshold FOLDER --dry-run --far 0.0005` on 277 pictures, 38,065 pairs of different
 * people; there it accepts 84 % of the pairs of one person by resnet34, 30 % by nn4.small2.
 */
const EMBEDDERS: readonly Embedder[] = [
  {
    name: 'resnet34',
    template: sized(DLIB_TEMPLATE, RESNET34_SIDE),
    threshold: 0.188,
    searchThreshold: 0.135,
    calibration: platt(43.58, -8.179, 150),
    prepare: foldScales,
    record: (tape, weights, x) => tape.record(l2Normalize, 'unit', { x: resnet34(tape, weights, x) }, {}),
  },
  {
    name: 'nn4.small2',
    template: sized(OPENFACE_TEMPLATE, NN4_SMALL2_SIDE),
    threshold: 0.96,
    searchThreshold: 0.366,
    calibration: platt(5.506, -5.482, 60),
    prepare: foldNn4Small2,
    record: (tape, weights, x) => nn4Small2(tape, weights, x).get('embedding')!,
  },
];

/** Names for `--net`. */
export const EMBEDDER_NAMES: readonly string[] = EMBEDDERS.map(({ name }) => name);

/** The embedder of that name; InputError naming those that there are. */
export function embedderOf(name: string): Embedder {
  const found = EMBEDDERS.find((embedder) => embedder.name === name);
  if (!found) throw new InputError(`no face net ${name}; there is ${EMBEDDER_NAMES.join(', ')}`);
  return found;
}

function sized(template: FaceTemplate, side: number): FaceTemplate {
  if (template.size !== side) throw new InputError(`${template.name} is not ${side} px`);
  return template;
}
