/**
 * Public face of `facet/training`: weights that learn, losses, steps and checkpoints.
 * @module facet/training
 */
export type { Recipe } from '../kernels/augment.js';
export { alarmsOf, type StepNumbers, TRIPLET_COUNTS } from './alarms.js';
export {
  assertSameTraining,
  decodeTrainingCheckpoint,
  encodeTrainingCheckpoint,
  type TrainingCheckpoint,
  type TrainingFacts,
} from './checkpoint.js';
export {
  FACE_LOSS_DEFAULTS,
  FACE_LOSSES,
  type FaceLoss,
  type FaceLossOptions,
  faceInputs,
  recordFaceTraining,
} from './face-graph.js';
export { fansOf, type Initializer, initialValues, ONES, ZEROS } from './initialise.js';
export {
  cosineDistillation,
  featureDistillation,
  gramDistillation,
  projectionSpecs,
  projectTap,
  recordTriplets,
  similarityDistillation,
  type TripletFacts,
  type TripletOptions,
  type Triplets,
  tripletFacts,
  weightedSum,
} from './losses.js';
export {
  beginNn4Small2,
  exportNn4Small2,
  importNn4Small2,
  NN4_TRAIN_FROM,
  type Nn4TrainFrom,
  nn4Small2Specs,
  nn4Small2Training,
} from './nn4-small2.js';
export { drawRecipe, FACE_VARIATION, NO_VARIATION, type Variation } from './recipes.js';
export { planTraining, type TrainingPlan } from './recording.js';
export { peopleSampler, plainSampler, type Sampler, shuffled } from './samplers.js';
export { checkSchedule, learningRateAt, type Schedule } from './schedule.js';
export { Trainer } from './trainer.js';
export type {
  Alarm,
  Batch,
  BatchPlace,
  GraphParts,
  RecordGraph,
  StepReport,
  TrainerOptions,
  TrainingGraph,
} from './types.js';
export { type Role, TrainableWeights, type Values, type Weight, type WeightSpec } from './weights.js';
