/**
 * Public face of `facet/style`: style transfer, its options, plans, checkpoints and colours.
 * @module facet/style
 */
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
export { type ColorMatch, keepColors, matchColors } from './color.js';
export { assertFits } from './fit.js';
export {
  type CheckedInput,
  checkInput,
  type PreparedStyle,
  type Size,
  type StyleSource,
  type StylizeInput,
  usableScales,
} from './input.js';
export {
  encodeRunManifest,
  parseRunManifest,
  type RunManifest,
  type RunPhase,
  withPhase,
} from './manifest.js';
export { contentAt, type Mix, mixResult, PLAIN_MIX } from './mix.js';
export {
  type Normalization,
  type PartialStyleOptions,
  PRESET_NAMES,
  PRESETS,
  type Preset,
  resolveOptions,
  type StyleOptions,
  scaleSizes,
  scaleSteps,
} from './options.js';
export type { Region } from './regions.js';
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
export type { Axis, Extents, Tiling } from './tiles/partition.js';
export { planScale, type ScalePlan, type TiledMemory } from './tiles/plan.js';
export type { StyleTrace } from './trace.js';
