// Public face of `facet/style`.
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { keepColors, matchColors } from './color.js';
export { assertFits } from './fit.js';
export { checkInput, type StyleSource, type StylizeInput, usableScales } from './input.js';
export {
  encodeRunManifest,
  parseRunManifest,
  type RunManifest,
  type RunPhase,
  withPhase,
} from './manifest.js';
export { contentAt, type Mix, mixResult, PLAIN_MIX } from './mix.js';
export {
  type PartialStyleOptions,
  PRESET_NAMES,
  PRESETS,
  type Preset,
  resolveOptions,
  type StyleOptions,
  scaleSizes,
  scaleSteps,
} from './options.js';
export { type ReplayInput, replay } from './replay.js';
export { growRun, LIVE_OPTIONS, type LiveOptions, reviseRun } from './revise.js';
export { planStep } from './session.js';
export {
  type StepEvent,
  type StyleStage,
  type StylizeHooks,
  type StylizeResult,
  stylize,
  type TileEvent,
} from './stylize.js';
export { planScale, type ScalePlan } from './tiles/plan.js';
export type { StyleTrace } from './trace.js';
