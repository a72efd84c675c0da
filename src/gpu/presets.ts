// Choices that are shipped for kinds of adapters, so that a first run need not measure. A preset names only what differs
// from the ops' own defaults; a candidate that an adapter does not have is passed over.
import type { Choices } from './choices.js';
import type { AdapterReport } from './device.js';

/** Choices for one kind of adapter. */
export interface TuningPreset {
  readonly name: string;
  /** `measured` on such an adapter, or `reasoned` from what is known of it: nobody has timed it there. */
  readonly basis: 'measured' | 'reasoned';
  readonly choices: Choices;
  /** Whether the preset is for that adapter. */
  readonly matches: (adapter: AdapterReport) => boolean;
}

/** The data gradient of a net's first layer has the three channels of a picture: most of a tile would be idle. */
const FEW_OUTPUTS = Object.fromEntries(
  [16, 64].flatMap((inputs) =>
    Array.from({ length: 15 }, (_, i) => [`3x3s1 c${inputs} k4 px${2 ** (i + 8)}`, 'direct']),
  ),
);

/**
 * Tiles of 32 x 32, of 16 sums a thread: for GPUs with few registers a thread, or little shared memory, or few
 * processors, which larger tiles would leave idle.
 */
const SMALL_TILES: Choices = {
  conv2d: { '*': 'tiled/32x32', ...FEW_OUTPUTS },
  'conv2d-mixed': { '*': 'tiled-f16/32x32', ...FEW_OUTPUTS },
  gram: { '*': 'tiled/32x32' },
  matmul: { '*': 'tiled/32x32' },
};

const told = ({ vendor, architecture, device, description }: AdapterReport) =>
  `${vendor} ${architecture} ${device} ${description}`;
const names = (pattern: RegExp) => (adapter: AdapterReport) => pattern.test(told(adapter));

/** Of two runs on a busy machine, what both found more than a twentieth faster than the default. */
const SWIFTSHADER: Choices = { conv2d: { '3x3s1 c16 k16 px4096': 'winograd4' } };

/** The first that matches an adapter is its own; the last matches every one. */
export const TUNING_PRESETS: readonly TuningPreset[] = [
  // The defaults of software adapters were measured on llvmpipe.
  { name: 'llvmpipe', basis: 'measured', choices: {}, matches: names(/llvmpipe|lavapipe/i) },
  { name: 'swiftshader', basis: 'measured', choices: SWIFTSHADER, matches: names(/swiftshader/i) },
  { name: 'software', basis: 'reasoned', choices: {}, matches: ({ software }) => software },
  // The defaults of GPUs are large tiles, which suit these three.
  { name: 'nvidia', basis: 'reasoned', choices: {}, matches: names(/nvidia|geforce|quadro|tesla/i) },
  { name: 'apple', basis: 'reasoned', choices: {}, matches: names(/\bapple\b/i) },
  { name: 'amd', basis: 'reasoned', choices: {}, matches: names(/\bamd\b|radeon|\bradv\b/i) },
  { name: 'intel', basis: 'reasoned', choices: SMALL_TILES, matches: names(/\bintel\b/i) },
  { name: 'gpu', basis: 'reasoned', choices: SMALL_TILES, matches: () => true },
];

/** The preset for an adapter, by its vendor, architecture, device and driver. */
export function presetFor(adapter: AdapterReport): TuningPreset {
  return TUNING_PRESETS.find(({ matches }) => matches(adapter))!;
}
