// Public face of `facet/style`.
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { keepColors, matchColors } from './color.js';
export { assertFits } from './fit.js';
export { checkInput, type StyleSource, type StylizeInput, usableScales } from './input.js';
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
export { planStep } from './session.js';
export {
  type StepEvent,
  type StylizeHooks,
  type StylizeResult,
  stylize,
  type TileEvent,
} from './stylize.js';
export { planScale, type ScalePlan } from './tiles/plan.js';
export type { StyleTrace } from './trace.js';
