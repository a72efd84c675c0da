// Which choices a device runs with: measured on this adapter, shipped for its kind, given, or none.
import { InputError } from '../base/errors.js';
import type { Platform } from '../platform/platform.js';
import { type Choices, mergeChoices } from './choices.js';
import type { AdapterReport } from './device.js';
import { presetFor } from './presets.js';
import { loadTable } from './tuning-store.js';
import { emptyTable, tableChoices } from './tuning-table.js';

/**
 * - `cache`: the adapter's own table over the preset for its kind;
 * - `preset`: that preset alone, the same on every machine with such an adapter;
 * - `default`: what the ops take by themselves;
 * - choices: these, and the ops' own where they name nothing.
 */
export type Tuning = 'cache' | 'preset' | 'default' | Choices;

/** What a device runs with, and where it came from. */
export interface TuningInEffect {
  readonly source: 'cache' | 'preset' | 'default' | 'given';
  /** The preset that was used; absent with `default` and given choices. */
  readonly preset?: string;
  /** Entries of the adapter's own table that were used. */
  readonly measured: number;
  readonly choices: Choices;
}

/**
 * Resolves `tuning` (left out: `cache` where the platform has a store, else `preset`). A store that cannot be used or
 * a table that cannot be read is told to `note` in one line, and does without.
 */
export async function resolveTuning(
  platform: Platform,
  adapter: AdapterReport,
  tuning: Tuning | undefined,
  note: (line: string) => void,
): Promise<TuningInEffect> {
  const { store } = platform;
  const wanted = tuning ?? (store ? 'cache' : 'preset');
  if (typeof wanted !== 'string') return { source: 'given', measured: 0, choices: wanted };
  if (wanted === 'default') return { source: 'default', measured: 0, choices: {} };
  const preset = presetFor(adapter);
  const base = { source: wanted, preset: preset.name, measured: 0, choices: preset.choices };
  if (wanted === 'preset' || !store) return base;
  try {
    const table = await loadTable(store, emptyTable(adapter, platform), note);
    const choices = mergeChoices(preset.choices, tableChoices(table));
    return { ...base, measured: table.entries.length, choices };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    note(`${error.message}; the preset ${preset.name} is used`);
    return base;
  }
}
