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
  /** Squared L2 below which two faces are held to be one person's, before a user fits one: about the most right answers. */
  readonly threshold: number;
  /** The same for a search, where one probe meets many people: the most right answers would name too many strangers. */
  readonly searchThreshold: number;
  /** SHA-256 of the weights that thresholds and calibration were measured with, as ModelContract has it. */
  readonly measured: string;
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
 * this pipeline. `calibration`: `facet face evaluate` on the 1,200 pairs; `threshold`: the distance at which it says one
 * half, rounded. `searchThreshold`: `facet face threshold FOLDER --dry-run --far 0.0005` on their 1,595 pictures with a
 * face, 1,269,600 pairs of different people and 1,615 of one person, of which it accepts 91.8 % by resnet34, 25.3 % by
 * nn4.small2. docs/faces.md has what passes at each.
 */
const EMBEDDERS: readonly Embedder[] = [
  {
    name: 'resnet34',
    template: sized(DLIB_TEMPLATE, RESNET34_SIDE),
    threshold: 0.19,
    searchThreshold: 0.1378,
    measured: 'f933df3587850e9785e977999b78867ae111290f2ed99ae846ea834190bf8c71',
    calibration: platt(59.02, -11.33, 600),
    prepare: foldScales,
    record: (tape, weights, x) => tape.record(l2Normalize, 'unit', { x: resnet34(tape, weights, x) }, {}),
  },
  {
    name: 'nn4.small2',
    template: sized(OPENFACE_TEMPLATE, NN4_SMALL2_SIDE),
    threshold: 1,
    searchThreshold: 0.361,
    measured: 'ab2b18eecb2585205436a2cbb207fb76db9081d54d089057af547814ad0f3786',
    calibration: platt(7.252, -7.239, 600),
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
