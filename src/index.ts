// Public face of `facet`: the floors under the tasks, for people who build their own graph.
export * from './base/errors.js';
export { fromPlanar, type RgbImage, rgbImage, toPlanar } from './base/image.js';
export { type Padding, type Sides, samePadding } from './base/padding.js';
export type { Shape } from './base/shape.js';
export { type Layout, type Tensor, tensor } from './base/tensor.js';
export type { Choices, Tunable } from './gpu/choices.js';
export { type AdapterReport, Device, type DeviceOptions, findAdapter, reportAdapter } from './gpu/device.js';
export type { Dispatch, KernelSpec, Precision, Target } from './gpu/kernel.js';
export type { CompileProgress } from './gpu/pipelines.js';
export { presetFor, TUNING_PRESETS, type TuningPreset } from './gpu/presets.js';
export { TensorStore } from './gpu/store.js';
export type { Tuning, TuningInEffect } from './gpu/tuning.js';
export { loadTable, saveEntries } from './gpu/tuning-store.js';
export {
  emptyTable,
  encodeTable,
  parseTable,
  type TuningEntry,
  type TuningTable,
  tableChoices,
  withEntries,
} from './gpu/tuning-table.js';
export { type MemoryPlan, planMemory } from './graph/liveness.js';
export { NearestSearch, type NearestSearchOptions, type Neighbour } from './graph/nearest-search.js';
export { type CompileOptions, Program } from './graph/program.js';
export { Tape } from './graph/tape.js';
export { type TuneItem, tunablesOf } from './graph/tunables.js';
export { type TuneOptions, type TuneProgress, tune } from './graph/tune.js';
export { leakyRelu, sigmoid } from './kernels/activation.js';
export { affineWarp } from './kernels/affine-warp.js';
export { weightedAddOp } from './kernels/arithmetic.js';
export { channelMean, globalAvgPool } from './kernels/channel-mean.js';
export { concat, depthConcat, slice } from './kernels/concat.js';
export { conv2d } from './kernels/conv2d.js';
export { covariance } from './kernels/covariance.js';
export { type CropAttrs, crop2d } from './kernels/crop2d.js';
export { crossMapLrn } from './kernels/cross-map-lrn.js';
export { depthwiseConv2d } from './kernels/depthwise-conv2d.js';
export { gram } from './kernels/gram.js';
export { groupedConv2d } from './kernels/grouped-conv2d.js';
export { imageToTensor, tensorToImage } from './kernels/image.js';
export { l2Normalize } from './kernels/l2-normalize.js';
export { flatten, linear } from './kernels/linear.js';
export { lpPool2d } from './kernels/lp-pool2d.js';
export { matmul } from './kernels/matmul.js';
export type { OpContext, OpSpec } from './kernels/op.js';
export { pad2d } from './kernels/pad2d.js';
export { avgPool2d, maxPool2d } from './kernels/pool2d.js';
export { type Rectangle, rectMask } from './kernels/rect-mask.js';
export { reduceSum } from './kernels/reduce.js';
export { relu } from './kernels/relu.js';
export { resizeBilinear } from './kernels/resize.js';
export { scaleShift } from './kernels/scale-shift.js';
export { spatialScale } from './kernels/spatial-scale.js';
export { squaredError } from './kernels/squared-error.js';
export { totalVariation } from './kernels/total-variation.js';
export { w2Covariance } from './kernels/wasserstein.js';
export {
  type BatchNorm,
  type FoldedWeights,
  foldBatchNorm,
  foldScaleShift,
  type LayerWeights,
} from './nets/fold-batch-norm.js';
export { loadWeights, type WeightsFile } from './nets/load-weights.js';
export type {
  FaceManifest,
  InputConvention,
  LoadedWeights,
  StyleManifest,
  WeightsManifest,
} from './nets/manifest.js';
export { Net } from './nets/net.js';
export { parseSafetensors, tensorValues, writeSafetensors } from './nets/safetensors.js';
export { VGG_NETS, vggLayers, vggTaps } from './nets/vgg.js';
export { Adam } from './optim/adam.js';
export { Lbfgs } from './optim/lbfgs.js';
export type { Optimizer } from './optim/optimizer.js';
export type { KeyValueStore, Platform } from './platform/platform.js';
