// Public face of `facet/faces`.
export type { GalleryBackend } from './gallery/backend.js';
export { checkEmbedding, describeContract, sameContract } from './gallery/checks.js';
export { Collection } from './gallery/collection.js';
export { squaredDistance } from './gallery/distance.js';
export { memoryGallery } from './gallery/memory.js';
export {
  DECISION_RULES,
  type DecisionRule,
  decide,
  type Identification,
  PersonRanking,
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
