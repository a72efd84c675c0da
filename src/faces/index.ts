/**
 * Public face of `facet/faces`: faces found, aligned, embedded, kept in galleries and named; evaluation and thresholds.
 * @module facet/faces
 */

export type { PinnedWeights } from '../nets/pinned-weights.js';
export type { Affine } from './affine.js';
export { type Alignment, alignFace, DLIB_TEMPLATE, type FaceTemplate, OPENFACE_TEMPLATE } from './align.js';
export {
  type Box,
  type Detection,
  FACE_POLICIES,
  type FacePolicy,
  intersectionOverUnion,
} from './boxes.js';
export { type ClusterOptions, type Clusters, clusterEmbeddings } from './cluster.js';
export { type DetectOptions, SEARCH_DEPTHS, type SearchDepth } from './detect.js';
export type { BootstrapIntervals, BootstrapOptions } from './evaluation/bootstrap.js';
export {
  type Calibration,
  type CalibrationOptions,
  fitIsotonic,
  fitPlatt,
  type IsotonicCalibration,
  type PlattCalibration,
  parseCalibration,
  sameProbability,
} from './evaluation/calibration.js';
export {
  type Evaluation,
  type EvaluationOptions,
  evaluate,
  type FoldResult,
  splitFolds,
  type ValAtFar,
} from './evaluation/evaluate.js';
export {
  enrolledEmbeddings,
  type FittedThreshold,
  fitThreshold,
  type NamedEmbedding,
} from './evaluation/fit-threshold.js';
export { type OperatingPoint, operatingPoint, type SeenRate } from './evaluation/operating-point.js';
export { type Pair, type PairImage, type PairList, pairImagePath, parsePairs } from './evaluation/pairs.js';
export {
  areaUnderCurve,
  type EqualErrorRate,
  equalErrorRate,
  type RocPoint,
  rocCurve,
} from './evaluation/roc.js';
export type { FoldedPair, ScoredPair } from './evaluation/scores.js';
export type { FoldStatistics, Interval } from './evaluation/statistics.js';
export type { ChosenThreshold } from './evaluation/thresholds.js';
export type { GalleryBackend, InsertOptions, NearCandidates, Slice, VectorSlice } from './gallery/backend.js';
export { checkEmbedding, describeContract, sameContract, type Target } from './gallery/checks.js';
export { Collection } from './gallery/collection.js';
export { squaredDistance } from './gallery/distance.js';
export { GpuNearest } from './gallery/gpu-nearest.js';
export type { GalleryFile } from './gallery/lines.js';
export { memoryGallery } from './gallery/memory.js';
export {
  DECISION_RULES,
  type DecisionRule,
  decide,
  type Identification,
  namedOnce,
  PersonRanking,
  type PictureIdentification,
  type Verification,
  verify,
} from './gallery/rank.js';
export { type IdentifyOptions, type Nearest, type SearchOptions, Snapshot } from './gallery/search.js';
export { GalleryStore, type ImportOutcome } from './gallery/store.js';
export type {
  Candidate,
  CollectionFacts,
  CollectionRecord,
  EnrollOutcome,
  Json,
  ModelContract,
  Neighbour,
  NewSample,
  Page,
  PageOptions,
  PersonFacts,
  QualityFacts,
  RenameOutcome,
  Sample,
  VectorPage,
} from './gallery/types.js';
export { DIMENSION } from './gallery/types.js';
export {
  judgeFace,
  QUALITY_LEVELS,
  type QualityLevel,
  type QualityLimits,
  type QualityReason,
  type QualityVerdict,
} from './gate.js';
export { type Judgement, judgementOf, probabilityAt } from './judgement.js';
export { LANDMARK_COUNT, type Point } from './landmarks.js';
export { EMBEDDER_NAMES, type Embedder, embedderOf } from './models.js';
export { FacePipeline, type NetFile, type PipelineModels, type PipelineOptions } from './pipeline.js';
export type { Pose } from './pose.js';
export { assessFace, type FaceQuality } from './quality.js';
export {
  alignedChip,
  type FindOptions,
  type FoundFace,
  type FoundFaces,
  faceChips,
  findFaces,
} from './read.js';
