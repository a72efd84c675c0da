// Training: weights that learn, losses, steps and checkpoints.
export { alarmsOf, type StepNumbers, TRIPLET_COUNTS } from './alarms.js';
export {
  assertSameTraining,
  decodeTrainingCheckpoint,
  encodeTrainingCheckpoint,
  type TrainingCheckpoint,
  type TrainingFacts,
} from './checkpoint.js';
export { fansOf, type Initializer, initialValues, ONES, ZEROS } from './initialise.js';
export {
  cosineDistillation,
  featureDistillation,
  projectionSpecs,
  recordTriplets,
  similarityDistillation,
  type TripletFacts,
  type TripletOptions,
  type Triplets,
  tripletFacts,
  weightedSum,
} from './losses.js';
export { planTraining, type TrainingPlan } from './recording.js';
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
