// Choices that are shipped for kinds of adapters, so that a first run need not measure. A preset names only what differs
// from the ops' own defaults.
import type { Choices } from './choices.js';
import type { AdapterReport } from './device.js';

/** Choices for one kind of adapter. */
export interface TuningPreset {
  readonly name: string;
  /** `measured` on such an adapter, or `reasoned` from what is known of it: nobody has timed it there. */
  readonly basis: 'measured' | 'reasoned';
  readonly choices: Choices;
  readonly matches: (adapter: AdapterReport) => boolean;
}

const told = ({ vendor, architecture, device, description }: AdapterReport) =>
  `${vendor} ${architecture} ${device} ${description}`;
const names = (pattern: RegExp) => (adapter: AdapterReport) => pattern.test(told(adapter));

/** The first that matches an adapter is its own; the last matches every one. */
export const TUNING_PRESETS: readonly TuningPreset[] = [
  { name: 'llvmpipe', basis: 'measured', choices: {}, matches: names(/llvmpipe|lavapipe/i) },
  { name: 'swiftshader', basis: 'measured', choices: {}, matches: names(/swiftshader/i) },
  { name: 'software', basis: 'reasoned', choices: {}, matches: ({ software }) => software },
  { name: 'nvidia', basis: 'reasoned', choices: {}, matches: names(/nvidia|geforce|quadro|tesla/i) },
  { name: 'apple', basis: 'reasoned', choices: {}, matches: names(/\bapple\b/i) },
  { name: 'intel', basis: 'reasoned', choices: {}, matches: names(/\bintel\b/i) },
  { name: 'amd', basis: 'reasoned', choices: {}, matches: names(/\bamd\b|radeon|\bradv\b/i) },
  { name: 'gpu', basis: 'reasoned', choices: {}, matches: () => true },
];

/** The preset for an adapter, by its vendor, architecture, device and driver. */
export function presetFor(adapter: AdapterReport): TuningPreset {
  return TUNING_PRESETS.find(({ matches }) => matches(adapter))!;
}
