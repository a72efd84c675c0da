// A run's trace as the plots want it.
import type { StyleTrace } from '../../src/style/trace.js';
import type { LossTrace } from '../node/trace.js';

/** Single-layer series that equal a main one (`content:relu4_2` alone is `content`) are left out. */
export function toLossTrace(trace: StyleTrace, title: string): LossTrace {
  const names = Object.keys(trace.series);
  const only = (kind: string) => names.filter((name) => name.startsWith(`${kind}:`)).length === 1;
  const series = Object.fromEntries(
    Object.entries(trace.series).filter(
      ([name]) => !['content', 'style'].some((kind) => name.startsWith(`${kind}:`) && only(kind)),
    ),
  );
  const scales = trace.scales
    .map(({ step }) => trace.steps.findIndex((at) => at >= step))
    .filter((index) => index > 0);
  return { title, steps: trace.steps, series, scales };
}
