// What the page under the hood has measured; the report is made of it.
import { signal } from '@preact/signals';
import type { Checked, Table, Tuned } from './measure-jobs.js';
import type { Planned } from './plan-job.js';

export const plan = signal<Planned | undefined>(undefined);
export const bench = signal<Table | undefined>(undefined);
export const checked = signal<{ readonly what: string; readonly result: Checked } | undefined>(undefined);
export const tuned = signal<Tuned | undefined>(undefined);
