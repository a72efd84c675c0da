// Every op's and every optimiser's cases: tests, `facet check` and `facet bench` read it.
import { leakyReluFamily, sigmoidFamily } from './activation.js';
import { adamFamily } from './adam.js';
import { adamWFamily } from './adamw.js';
import { affineWarpFamily } from './affine-warp.js';
import { augmentFamily } from './augment.js';
import { batchNormFamily, batchNormRunningFamily, batchStatisticsFamily } from './batch-norm.js';
import { blockEnergyFamily } from './block-energy.js';
import { columnNormalizeFamily } from './column-normalize.js';
import { concatFamily, depthConcatFamily, sliceFamily } from './concat.js';
import { conv2dFamily } from './conv2d.js';
import { channelMeanFamily, covarianceFamily, globalAvgPoolFamily } from './covariance.js';
import { crop2dFamily } from './crop2d.js';
import { crossMapLrnFamily } from './cross-map-lrn.js';
import type { CaseFamily } from './family.js';
import { gramFamily } from './gram.js';
import { gramErrorFamily } from './gram-error.js';
import { depthwiseConv2dFamily, groupedConv2dFamily } from './grouped-conv2d.js';
import { imageToTensorFamily, tensorToImageFamily } from './image.js';
import { kernelErrorFamily } from './kernel-error.js';
import { l2NormalizeFamily } from './l2-normalize.js';
import { lbfgsFamily } from './lbfgs.js';
import { flattenFamily, linearFamily } from './linear.js';
import { lpPool2dFamily } from './lp-pool2d.js';
import { matmulFamily } from './matmul.js';
import { pad2dFamily } from './pad2d.js';
import { pairwiseDistancesFamily } from './pairwise-distances.js';
import { pixelRowsFamily } from './pixel-rows.js';
import { reluFamily, weightedAddFamily } from './pointwise.js';
import { avgPool2dFamily, maxPool2dFamily } from './pool2d.js';
import { rectMaskFamily } from './rect-mask.js';
import { resizeBilinearFamily } from './resize.js';
import { scaleShiftFamily } from './scale-shift.js';
import type { SearchFamily } from './search.js';
import { spatialScaleFamily } from './spatial-scale.js';
import { reduceSumFamily, squaredErrorFamily } from './squared-error.js';
import type { StepFamily } from './step.js';
import { topKFamily } from './top-k.js';
import { totalVariationFamily } from './total-variation.js';
import { mineNegativesFamily, tripletCountsFamily, tripletLossFamily } from './triplet.js';
import { w2CovarianceFamily } from './wasserstein.js';

/** Of the ops. */
export const families: readonly CaseFamily[] = [
  conv2dFamily,
  reluFamily,
  leakyReluFamily,
  sigmoidFamily,
  weightedAddFamily,
  maxPool2dFamily,
  avgPool2dFamily,
  pad2dFamily,
  concatFamily,
  depthConcatFamily,
  sliceFamily,
  crop2dFamily,
  rectMaskFamily,
  resizeBilinearFamily,
  scaleShiftFamily,
  spatialScaleFamily,
  imageToTensorFamily,
  tensorToImageFamily,
  gramFamily,
  channelMeanFamily,
  globalAvgPoolFamily,
  covarianceFamily,
  matmulFamily,
  flattenFamily,
  linearFamily,
  l2NormalizeFamily,
  squaredErrorFamily,
  reduceSumFamily,
  totalVariationFamily,
  w2CovarianceFamily,
  depthwiseConv2dFamily,
  groupedConv2dFamily,
  crossMapLrnFamily,
  lpPool2dFamily,
  affineWarpFamily,
  batchStatisticsFamily,
  batchNormFamily,
  augmentFamily,
  pairwiseDistancesFamily,
  mineNegativesFamily,
  tripletCountsFamily,
  tripletLossFamily,
  pixelRowsFamily,
  blockEnergyFamily,
  gramErrorFamily,
  columnNormalizeFamily,
  kernelErrorFamily,
];

/** Of the optimisers, whose kernels are no ops. */
export const stepFamilies: readonly StepFamily[] = [
  adamFamily,
  adamWFamily,
  lbfgsFamily,
  batchNormRunningFamily,
];

/** Of searches, which nothing differentiates. */
export const searchFamilies: readonly SearchFamily[] = [topKFamily];
