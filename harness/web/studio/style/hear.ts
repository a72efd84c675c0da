// What the worker tells of a run, as the page's state.
import type { StylizeEvent } from '../../worker/stylize-job.js';
import { EtaClock } from './eta.js';
import { keep } from './keep.js';
import { settingsOf } from './settings.js';
import * as state from './state.js';
import type { Current } from './work.js';

const clock = new EtaClock();

/** After a pause, or before a run. */
export function restartClock(): void {
  clock.reset();
}

export function hear(own: Current, event: StylizeEvent): void {
  const { run, progress } = state;
  switch (event.type) {
    case 'stage':
      if (run.value.kind === 'preparing') run.value = { kind: 'preparing', stage: event.stage };
      return;
    case 'compile':
      if (run.value.kind === 'preparing' && event.kernel !== undefined)
        run.value = { ...run.value, compiled: { done: event.done, total: event.total } };
      return;
    case 'started':
      own.phases = event.phases;
      state.curves.value = { steps: event.trace.steps, series: event.trace.series };
      if (run.value.kind === 'preparing') run.value = { kind: 'running' };
      if (own.adopts) adoptOptions(own);
      return;
    case 'step': {
      if (run.value.kind === 'preparing') run.value = { kind: 'running' };
      const { step, total, scale, remaining, losses } = event;
      const { width, height } = scale;
      const left = clock.left(width * height, remaining);
      progress.value = { step, total, width, height, left, last: scale.index === scale.count - 1 };
      if (losses) addLosses(step, losses);
      return;
    }
    case 'picture':
      state.picture.value = event;
      return;
    case 'paused':
      run.value = { kind: event.paused ? 'paused' : 'running' };
      clock.reset();
      return;
    case 'checkpoint':
      void keep(own, event.step, event.bytes, false);
      return;
    case 'tile':
  }
}

function addLosses(step: number, losses: Readonly<Record<string, number>>): void {
  const { steps, series } = state.curves.value;
  const names = new Set([...Object.keys(series), ...Object.keys(losses)]);
  state.curves.value = {
    steps: [...steps, step],
    series: Object.fromEntries(
      [...names].map((name) => [
        name,
        [...(series[name] ?? new Array<number>(steps.length).fill(Number.NaN)), losses[name] ?? Number.NaN],
      ]),
    ),
  };
}

/** The form shows what the run has. */
function adoptOptions(own: Current): void {
  const last = own.phases.at(-1);
  own.adopts = false;
  if (!last) return;
  const { net, precision } = state.settings.value;
  state.settings.value = settingsOf(last.options, net, precision);
}
