// The text of a run's progress: how far, how long still, how fast, and the losses, as much as a line holds.
import type { CompileProgress } from '../../src/gpu/pipelines.js';
import type { StepEvent } from '../../src/style/stylize.js';

/** What a line says. */
export interface StepFacts {
  readonly step: number;
  readonly total: number;
  /** Undefined until two steps of a scale were timed. */
  readonly secondsPerStep: number | undefined;
  /** Undefined as `secondsPerStep`. */
  readonly secondsLeft: number | undefined;
  /** The latest reading, if any. */
  readonly losses: StepEvent['losses'] | undefined;
  /** Within the next step, where it goes over tiles. */
  readonly tile?: { readonly done: number; readonly total: number };
}

/** Cells of the bar on a wide terminal and on one below `WIDE` columns. */
const BAR = 16;
const SHORT_BAR = 8;
const WIDE = 100;
/** Columns left free, where the terminal shows what is typed, such as ^C. */
const MARGIN = 3;

/** The bar and as many of the facts, the important ones first, as fit in `columns`; never more than those. */
export function barLine(facts: StepFacts, columns: number): string {
  return fitted([...bar(facts.step, facts.total, columns), ...parts(facts)], columns - MARGIN);
}

/** The bar while kernels are compiled. */
export function compileLine({ done, total, kernel }: CompileProgress, columns: number): string {
  const all = [bar(done, total, columns)[0]!, `compiling kernels ${done}/${total}`];
  return fitted(kernel ? [...all, kernel] : all, columns - MARGIN);
}

/** The same bar over any work of `total` parts, with how long it may still take, and notes on what goes on. */
export function progressLine(
  facts: { done: number; total: number; secondsLeft: number | undefined; notes: readonly string[] },
  columns: number,
): string {
  const { done, total, secondsLeft, notes } = facts;
  return fitted([...bar(done, total, columns), ...left(secondsLeft), ...notes], columns - MARGIN);
}

function bar(done: number, total: number, columns: number): string[] {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const cells = columns < WIDE ? SHORT_BAR : BAR;
  const filled = Math.floor(share * cells);
  const drawn = `${'█'.repeat(filled)}${'░'.repeat(cells - filled)}`;
  // Rounded down: 100 % is for the last step.
  return [`${drawn} ${String(Math.floor(100 * share)).padStart(3)}%`, `${done}/${total}`];
}

function left(seconds: number | undefined): string[] {
  return seconds === undefined ? [] : [`${duration(seconds)} left`];
}

/** The same facts for a log, in full. */
export function plainLine(facts: StepFacts): string {
  return [`step ${facts.step}/${facts.total}`, ...parts(facts)].join(SEPARATOR);
}

const SEPARATOR = ' | ';

function parts({ secondsLeft, secondsPerStep, losses, tile }: StepFacts): string[] {
  const { total, content, style } = losses ?? {};
  const named = (name: string, value: number | undefined) =>
    value === undefined ? [] : [`${name} ${value.toPrecision(3)}`];
  return [
    ...(tile ? [`tile ${tile.done}/${tile.total}`] : []),
    ...left(secondsLeft),
    ...(secondsPerStep === undefined ? [] : [speed(secondsPerStep)]),
    ...named('loss', total),
    ...named('content', content),
    ...named('style', style),
  ];
}

/** Whole parts only: half a number would be another number. */
function fitted(all: readonly string[], columns: number): string {
  let line = '';
  for (const part of all) {
    const longer = line === '' ? part : `${line}${SEPARATOR}${part}`;
    if (longer.length > columns) break;
    line = longer;
  }
  return line;
}

/** `23 s`, `4 min 05 s`, `2 h 07 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

function speed(secondsPerStep: number): string {
  return secondsPerStep > 1
    ? `${secondsPerStep.toFixed(2)} s/step`
    : `${(1 / secondsPerStep).toFixed(1)} steps/s`;
}
