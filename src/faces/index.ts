// Public face of `facet/faces`.
export { alignFace, DLIB_TEMPLATE, type FaceTemplate, OPENFACE_TEMPLATE } from './align.js';
export {
  type Box,
  type Detection,
  FACE_POLICIES,
  type FacePolicy,
  intersectionOverUnion,
} from './boxes.js';
export { type Clusters, clusterEmbeddings } from './cluster.js';
export { type DetectOptions, SEARCH_DEPTHS, type SearchDepth } from './detect.js';
export {
  type Calibration,
  fitIsotonic,
  fitPlatt,
  parseCalibration,
  sameProbability,
} from './evaluation/calibration.js';
export { type Evaluation, type EvaluationOptions, evaluate, splitFolds } from './evaluation/evaluate.js';
export {
  enrolledEmbeddings,
  type FittedThreshold,
  fitThreshold,
  type NamedEmbedding,
} from './evaluation/fit-threshold.js';
export { type OperatingPoint, operatingPoint } from './evaluation/operating-point.js';
export { type Pair, pairImagePath, parsePairs } from './evaluation/pairs.js';
export {
  areaUnderCurve,
  type EqualErrorRate,
  equalErrorRate,
  type RocPoint,
  rocCurve,
} from './evaluation/roc.js';
export type { FoldedPair, ScoredPair } from './evaluation/scores.js';
export type { GalleryBackend } from './gallery/backend.js';
export { checkEmbedding, describeContract, sameContract } from './gallery/checks.js';
export { Collection } from './gallery/collection.js';
export { squaredDistance } from './gallery/distance.js';
export { GpuNearest } from './gallery/gpu-nearest.js';
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
export { judgeFace, QUALITY_LEVELS, type QualityLevel, type QualityVerdict } from './gate.js';
export { type Judgement, judgementOf, probabilityAt } from './judgement.js';
export { LANDMARK_COUNT, type Point } from './landmarks.js';
export { EMBEDDER_NAMES, type Embedder, embedderOf } from './models.js';
export { FacePipeline, type NetFile, type PipelineModels } from './pipeline.js';
export { assessFace, type FaceQuality } from './quality.js';
export {
  alignedChip,
  type FindOptions,
  type FoundFace,
  type FoundFaces,
  faceChips,
  findFaces,
} from './read.js';
