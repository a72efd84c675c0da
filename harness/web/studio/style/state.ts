// What the style page shows, as signals; `control.ts` changes it.
import { computed, signal } from '@preact/signals';
import type { Mix } from '../../../../src/style/mix.js';
import type { StyleStage } from '../../../../src/style/stylize.js';
import type { Resolved } from '../../worker/resolve-job.js';
import type { Pixels } from '../../worker/stylize-job.js';
import type { CheckpointPlace, RunDone } from './run-jobs.js';
import type { KeptCheckpoint, KeptRun } from './run-store.js';
import { FIRST_SETTINGS, type Settings } from './settings.js';

/** A picture that was chosen, with an address to show it by. */
export interface Chosen {
  readonly file: Blob;
  readonly name: string;
  readonly url: string;
}

export interface ChosenStyle extends Chosen {
  readonly id: number;
  readonly share: number;
  readonly mask?: Chosen | undefined;
}

/** A checkpoint that can be gone back to; `bytes` where the browser keeps nothing. */
export interface HeldCheckpoint extends KeptCheckpoint {
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

export type RunState =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'preparing';
      readonly stage?: StyleStage;
      /** Kernels, once there are some to compile. */
      readonly compiled?: { readonly done: number; readonly total: number };
    }
  | { readonly kind: 'running' | 'paused' | 'stopping' }
  | { readonly kind: 'ended'; readonly finished: boolean };

export interface Progress {
  readonly step: number;
  readonly total: number;
  readonly width: number;
  readonly height: number;
  /** Seconds, where it can be told. */
  readonly left: number | undefined;
  /** The last scale: a run grows from here. */
  readonly last: boolean;
}

/** Losses over steps. */
export interface Curves {
  readonly steps: readonly number[];
  readonly series: Readonly<Record<string, readonly number[]>>;
}

export type Trouble =
  | { readonly kind: 'lost'; readonly step: number }
  | { readonly kind: 'memory' | 'error'; readonly error: Error }
  /** A checkpoint without the pictures that it was made from. */
  | { readonly kind: 'importNeeds' }
  | { readonly kind: 'otherTab' | 'hidden' | 'storage' };

/** The result as it is; `src/style/mix.ts` has the same, with a GPU behind it. */
export const PLAIN_MIX: Mix = { strength: 1, color: 0 };
export const NO_CURVES: Curves = { steps: [], series: {} };

export const content = signal<Chosen | undefined>(undefined);
export const styles = signal<readonly ChosenStyle[]>([]);
/** Its colours name regions, which take their style from the same colours of the styles' masks. */
export const contentMask = signal<Chosen | undefined>(undefined);
/** Where a run begins with the option `init: 'image'`. */
export const initImage = signal<Chosen | undefined>(undefined);
export const settings = signal<Settings>(FIRST_SETTINGS);
/** What the settings come to, or why they cannot be used. */
export const resolved = signal<Resolved | { readonly error: Error } | undefined>(undefined);
export const netFile = signal<string | undefined>(undefined);

export const run = signal<RunState>({ kind: 'idle' });
export const progress = signal<Progress | undefined>(undefined);
export const picture = signal<Pixels | undefined>(undefined);
export const curves = signal<Curves>(NO_CURVES);
export const checkpoints = signal<readonly HeldCheckpoint[]>([]);
/** Of the run that ended; its pictures and its checkpoint are in the worker. */
export const result = signal<Omit<RunDone, 'checkpoint'> | undefined>(undefined);
export const mix = signal<Mix>(PLAIN_MIX);
export const trouble = signal<Trouble | undefined>(undefined);
export const kept = signal<readonly KeptRun[]>([]);
/** A run of before the reload, to be offered. */
export const offered = signal<KeptRun | undefined>(undefined);
/** A checkpoint of other pictures, to be asked about. */
export const foreign = signal<CheckpointPlace | undefined>(undefined);

/** The worker is at a run: what begins one waits. */
export const busy = computed(() => run.value.kind !== 'idle' && run.value.kind !== 'ended');
export const canStart = computed(() => content.value !== undefined && styles.value.length > 0 && !busy.value);
