// Losses over a run, prepared for drawing on a logarithmic axis.
import { InputError } from '../../src/base/errors.js';

/** Losses over the steps of a run. */
export interface LossTrace {
  readonly title: string;
  /** Step numbers, rising; the x of every series. */
  readonly steps: readonly number[];
  /** Name -> one value per step. `total`, `content`, `style` and `tv` are drawn bold, others (layers) thin. */
  readonly series: Readonly<Record<string, readonly number[]>>;
  /** Indexes into `steps` at which a new scale starts. */
  readonly scales?: readonly number[];
}

/** Dark enough for white paper, told apart by the colour-blind (after M. Okabe and K. Ito, 2008). */
const MAIN_COLORS: Readonly<Record<string, string>> = {
  total: '#1a1a1a',
  content: '#0072b2',
  style: '#d55e00',
  tv: '#009e73',
};
const LAYER_COLORS = ['#cc79a7', '#e69f00', '#56b4e9', '#8c6bb1', '#a6761d', '#7fbc41', '#b2182b', '#4d9ca0'];

/** The series that a logarithmic axis can show, those with a value above 0, main ones first. */
export function shownSeries(
  trace: LossTrace,
): { name: string; values: (number | null)[]; color: string; main: boolean }[] {
  const layers = Object.keys(trace.series).filter((name) => !(name in MAIN_COLORS));
  const names = [...Object.keys(MAIN_COLORS).filter((name) => name in trace.series), ...layers];
  for (const name of names) {
    const { length } = trace.series[name]!;
    if (length !== trace.steps.length) {
      throw new InputError(
        `loss plot: ${name} must have ${trace.steps.length} values, one per step, got ${length}`,
      );
    }
  }
  return names
    .map((name) => ({
      name,
      values: trace.series[name]!.map((value) => (value > 0 && Number.isFinite(value) ? value : null)),
      color: MAIN_COLORS[name] ?? LAYER_COLORS[layers.indexOf(name) % LAYER_COLORS.length]!,
      main: name in MAIN_COLORS,
    }))
    .filter(({ values }) => values.some((value) => value !== null));
}

/** Whole powers of ten around the values: a log axis has its ticks there. */
export function logRange(values: readonly (number | null)[]): { min: number; max: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high === 0) return { min: 0.1, max: 1 };
  const min = 10 ** Math.floor(Math.log10(low) + 1e-9);
  const max = 10 ** Math.ceil(Math.log10(high) - 1e-9);
  return { min, max: max > min ? max : 10 * min };
}

/** 0.01, 1, 100 as they are, further out as powers. */
export function tick(value: number): string {
  const exponent = Math.round(Math.log10(value));
  return Math.abs(exponent) <= 3 ? String(Number(value.toPrecision(3))) : `1e${exponent}`;
}
