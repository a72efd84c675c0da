import { normal } from '../../src/base/random.js';
import { batchNorm, runningStatisticsDispatch } from '../../src/kernels/batch-norm.js';
import { batchStatistics } from '../../src/kernels/batch-statistics.js';
import { ndarray } from '../../src/reference/array.js';
import { batchNormReference, batchStatisticsReference } from '../../src/reference/batch-norm.js';
import { runningStatistics, runningStatisticsBound } from '../../src/reference/batch-norm-running.js';
import { type CaseParams, family } from './family.js';
import type { BuiltSteps, StepFamily } from './step.js';

const shapeOf = (p: CaseParams) => [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')];

/** A batch that lies far from zero has a variance that differences of large sums would lose. */
const moved = (p: CaseParams) => {
  const shift = p.number('shift', 0);
  return { x: (value: number) => value + shift };
};

const shapes = ['C=3;H=5;W=7', 'N=2;C=5;H=4;W=9', 'N=3;C=8;H=1;W=33', 'N=32;C=17;H=3;W=3', 'C=1;H=1;W=1'];

const bench = ['N=32;C=64;H=48;W=48', 'N=32;C=192;H=24;W=24', 'N=32;C=128;H=12;W=12', 'N=32;C=256;H=6;W=6'];

export const batchStatisticsFamily = family({
  op: batchStatistics,
  reference: batchStatisticsReference,
  build: (p) => ({ shapes: { x: shapeOf(p) }, attrs: {}, values: moved(p) }),
  cases: [...shapes, 'N=4;C=6;H=20;W=21;shift=1000', 'N=2;C=4;H=70;W=3'],
  gradients: ['N=2;C=3;H=2;W=3', 'N=2;C=2;H=3;W=2;shift=3'],
  bench,
});

export const batchNormFamily = family({
  op: batchNorm,
  reference: batchNormReference,
  build(p) {
    const shape = shapeOf(p);
    const c = shape[1]!;
    return {
      shapes: { x: shape, statistics: [2, c], gamma: [c], beta: [c] },
      attrs: { epsilon: p.number('epsilon', 1e-5), rectify: p.flag('rectify') },
      // The second row is the variance.
      values: {
        ...moved(p),
        statistics: (value: number, i: number) =>
          i < c ? value + p.number('shift', 0) : 0.1 + Math.abs(value),
      },
    };
  },
  cases: [
    ...shapes,
    ...shapes.slice(0, 2).map((text) => `${text};rectify`),
    'N=4;C=6;H=20;W=21;shift=1000;rectify',
    'N=2;C=4;H=70;W=3;epsilon=0.5',
  ],
  gradients: ['N=2;C=3;H=2;W=3', 'N=2;C=3;H=2;W=3;rectify;epsilon=0.1'],
  bench: [...bench, ...bench.slice(0, 1).map((text) => `${text};rectify`)],
});

/** Running averages of statistics that come as gradients do. */
export const batchNormRunningFamily: StepFamily = {
  name: 'batch_norm_running',
  build(p: CaseParams): BuiltSteps {
    const count = 2 * p.number('C');
    const options = { momentum: p.number('momentum', 0.1), pixels: p.number('pixels', 32) };
    const steps = p.number('steps', 5);
    const start = Float64Array.from({ length: count }, (_, i) => Math.fround(normal(1, i)));
    // With `broken`, the second batch has no mean of one channel, and too large a variance of another.
    const isBroken = p.flag('broken');
    const broken = new Map([
      [1, Number.NaN],
      [count - 1, Number.POSITIVE_INFINITY],
    ]);
    const statistics = (_x: Float64Array, t: number) =>
      Float64Array.from({ length: count }, (_, i) => {
        const value = isBroken && t === 2 ? broken.get(i) : undefined;
        return value ?? Math.fround(normal(100 + t, i));
      });
    return {
      shape: [2, count / 2],
      start,
      steps,
      gradient: statistics,
      optimizer: () => ({
        record: (tape, running, given) =>
          tape.emit(
            runningStatisticsDispatch('running', tape.target, { statistics: given, running }, options),
          ),
        beforeStep: () => undefined,
        state: () => new Map(),
      }),
      compared: ['x'],
      expected() {
        let running = start;
        let error = new Float64Array(count);
        for (let t = 1; t <= steps; t++) {
          const given = statistics(start, t);
          error = Float64Array.from(runningStatisticsBound(running, error, given, options));
          running = Float64Array.from(runningStatistics(running, given, options));
        }
        const shape = [2, count / 2];
        return {
          x: { values: ndarray(shape, running), bound: { magnitude: ndarray(shape, error), terms: 1 } },
        };
      },
      cost: { flops: 4 * count, bytes: 12 * count },
    };
  },
  cases: ['C=5', 'C=5;broken', 'C=8;momentum=1;pixels=2', 'C=130;momentum=0.01;steps=20'],
  bench: ['C=256'],
};
