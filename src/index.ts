/**
 * Public face of `facet`: the floors under the tasks, for people who build their own graph.
 * @module facet
 */
export * from './base/errors.js';
export { fromPlanar, type RgbImage, rgbImage, toPlanar } from './base/image.js';
export { type Padding, type Sides, samePadding } from './base/padding.js';
export type { Shape } from './base/shape.js';
export { type Layout, type Lifetime, type Tensor, tensor } from './base/tensor.js';
export type { Choices, Tunable } from './gpu/choices.js';
export { type AdapterReport, Device, type DeviceOptions, findAdapter, reportAdapter } from './gpu/device.js';
export type {
  Access,
  Bindings,
  Dispatch,
  KernelSpec,
  MatrixShape,
  Precision,
  Target,
  Variant,
  Workgroups,
} from './gpu/kernel.js';
export type { CompileProgress, KernelUse } from './gpu/pipelines.js';
export { presetFor, TUNING_PRESETS, type TuningPreset } from './gpu/presets.js';
export { type PinStore, TensorStore } from './gpu/store.js';
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
export { type MemoryPlan, planMemory, type Slot } from './graph/liveness.js';
export { NearestSearch, type NearestSearchOptions, type Neighbour } from './graph/nearest-search.js';
export type { Timing } from './graph/profile.js';
export { type CompileOptions, Program } from './graph/program.js';
export type { SharedMemory } from './graph/shared-memory.js';
export { type RecordedOp, Tape } from './graph/tape.js';
export type { TextureCopy, TexturePlan, TextureSlot } from './graph/textures.js';
export { type TuneItem, tunablesOf } from './graph/tunables.js';
export { type TuneOptions, type TuneProgress, tune } from './graph/tune.js';
export { leakyRelu, sigmoid } from './kernels/activation.js';
export { affineWarp, type WarpAttrs } from './kernels/affine-warp.js';
export { weightedAddOp } from './kernels/arithmetic.js';
export { channelMean, globalAvgPool } from './kernels/channel-mean.js';
export { concat, depthConcat, type SliceAttrs, slice } from './kernels/concat.js';
export type { ConvAlgorithm } from './kernels/conv-algorithm.js';
export type { MatrixName } from './kernels/conv-matrix.js';
export type { ConvTile } from './kernels/conv-tiled.js';
export { type ConvAttrs, conv2d } from './kernels/conv2d.js';
export { covariance } from './kernels/covariance.js';
export { type CropAttrs, crop2d } from './kernels/crop2d.js';
export { crossMapLrn, type LrnAttrs } from './kernels/cross-map-lrn.js';
export { depthwiseConv2d } from './kernels/depthwise-conv2d.js';
export type { FilterAttrs } from './kernels/filter-geometry.js';
export { gram } from './kernels/gram.js';
export { type GroupedConvAttrs, groupedConv2d } from './kernels/grouped-conv2d.js';
export { type ImageAttrs, imageToTensor, tensorToImage } from './kernels/image.js';
export { type L2NormalizeAttrs, l2Normalize } from './kernels/l2-normalize.js';
export { flatten, linear } from './kernels/linear.js';
export { lpPool2d } from './kernels/lp-pool2d.js';
export { matmul } from './kernels/matmul.js';
export type { OpContext, OpSpec, Shapes, Tensors } from './kernels/op.js';
export { type PadAttrs, pad2d } from './kernels/pad2d.js';
export { type AvgPoolAttrs, avgPool2d, maxPool2d, type PoolAttrs } from './kernels/pool2d.js';
export { type Rectangle, rectMask } from './kernels/rect-mask.js';
export { reduceSum } from './kernels/reduce.js';
export { relu } from './kernels/relu.js';
export { type ResizeAttrs, resizeBilinear } from './kernels/resize.js';
export { scaleShift } from './kernels/scale-shift.js';
export { spatialScale } from './kernels/spatial-scale.js';
export { squaredError } from './kernels/squared-error.js';
export { type TotalVariationAttrs, totalVariation } from './kernels/total-variation.js';
export { type W2Attrs, w2Covariance } from './kernels/wasserstein.js';
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
  WeightTensor,
} from './nets/manifest.js';
export { Net } from './nets/net.js';
export {
  type FloatDtype,
  parseSafetensors,
  type Safetensors,
  type StoredTensor,
  tensorValues,
  type WritableTensor,
  writeSafetensors,
} from './nets/safetensors.js';
export { type ConvWeights, type Layer, VGG_NETS, type VggOptions, vggLayers, vggTaps } from './nets/vgg.js';
export { Adam, type AdamOptions } from './optim/adam.js';
export { Lbfgs, type LbfgsOptions } from './optim/lbfgs.js';
export type { Optimizer } from './optim/optimizer.js';
export type { KeyValueStore, Platform } from './platform/platform.js';
