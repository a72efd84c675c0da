// Learning rates over the steps of a training: pure functions of a description that a checkpoint can keep.
import { InputError } from '../base/errors.js';

/** A learning rate by step; steps count from 1. Each may begin with `warmup` steps that rise from rate/warmup to rate. */
export type Schedule = {
  /** Of the first step after the warm-up. */
  readonly rate: number;
  /** Steps of linear warm-up (Goyal et al., arXiv 1706.02677, section 2.2); 0 where left out. */
  readonly warmup?: number | undefined;
} & (
  | { readonly kind: 'constant' }
  /** Multiplied by `factor` after each of the steps in `at`. */
  | { readonly kind: 'step'; readonly at: readonly number[]; readonly factor: number }
  /** Half a cosine from `rate` to `floor` (0) at step `steps` (Loshchilov and Hutter, arXiv 1608.03983, eq. 5, one cycle). */
  | { readonly kind: 'cosine'; readonly steps: number; readonly floor?: number | undefined }
);

/** Throws InputError for a schedule that no training could follow. */
export function checkSchedule(s: Schedule): void {
  const fail = (rule: string): never => {
    throw new InputError(`schedule: ${rule}, got ${JSON.stringify(s)}`);
  };
  const { rate, warmup = 0 } = s;
  if (!(rate > 0 && Number.isFinite(rate))) fail('rate must be a positive number');
  if (!Number.isInteger(warmup) || warmup < 0) fail('warmup must be a whole number of steps of at least 0');
  if (s.kind === 'step') {
    if (!(s.factor > 0 && s.factor <= 1)) fail('factor must lie in 0..1, 0 excluded');
    const rises = s.at.every((at, i) => Number.isInteger(at) && at > (s.at[i - 1] ?? 0));
    if (!rises) fail('at must list whole step numbers that rise');
  }
  if (s.kind === 'cosine') {
    if (!Number.isInteger(s.steps) || s.steps <= warmup) fail('steps must be a whole number above warmup');
    const { floor = 0 } = s;
    if (!(floor >= 0 && floor <= rate)) fail('floor must lie in 0..rate');
  }
}

/** The learning rate of step `step` (from 1). Beyond the last step of a cosine it stays at the floor. */
export function learningRateAt(s: Schedule, step: number): number {
  const { rate, warmup = 0 } = s;
  if (step <= warmup) return (rate * step) / warmup;
  switch (s.kind) {
    case 'constant':
      return rate;
    case 'step':
      return rate * s.factor ** s.at.filter((at) => step > at).length;
    case 'cosine': {
      const { steps, floor = 0 } = s;
      // Step warmup + 1 has the whole rate, step `steps` the floor.
      const last = Math.max(1, steps - warmup - 1);
      const share = Math.min(1, (step - warmup - 1) / last);
      return floor + ((rate - floor) * (1 + Math.cos(Math.PI * share))) / 2;
    }
  }
}
