// Progress of a training: a bar on a terminal, a line now and then elsewhere.
import { SingleBar } from 'cli-progress';
import type { StepLine, ValidationLine } from '../node/training/train-log.js';
import { duration } from './work-bar.js';

/** Without a terminal a line is printed this often. */
const LINE_MS = 10_000;

/** More parts of a loss than fit into a line are left to the report. */
const MOST_PARTS = 4;

/** Writes to standard error; silent where `quiet`. */
export class TrainBar {
  private bar: SingleBar | undefined;
  private lastLine = Number.NEGATIVE_INFINITY;
  private ended = false;

  constructor(private readonly quiet: boolean) {}

  /** A step's numbers; `batch` pictures a step, `steps` in all. */
  step(line: StepLine, batch: number, steps: number, secondsLeft: number | undefined): void {
    if (this.quiet || this.ended) return;
    const left = timeLeft(line, batch, steps, secondsLeft);
    const text = `${lossesOf(line)}, ${rateOf(line)}, ${left}`;
    if (process.stderr.isTTY) {
      this.bar ??= this.begin(steps, line.step);
      this.bar.update(line.step, { text });
      return;
    }
    const now = performance.now();
    if (now - this.lastLine < LINE_MS && line.step < steps) return;
    this.lastLine = now;
    process.stderr.write(`step ${line.step} of ${steps}: ${text}\n`);
  }

  validation({ step, accuracy, auc, pairs }: ValidationLine, kept: boolean): void {
    const best = kept ? ', the best so far' : '';
    this.note(
      `step ${step}: people held out: ${(100 * accuracy).toFixed(1)} % of ${pairs} pairs right, AUC ${auc.toFixed(4)}${best}`,
    );
  }

  /** A line of its own. */
  note(text: string): void {
    if (this.quiet || this.ended) return;
    this.stop();
    process.stderr.write(`${text}\n`);
  }

  /** A last line: no bar comes after it. */
  end(text: string): void {
    this.note(text);
    this.ended = true;
  }

  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private begin(steps: number, step: number): SingleBar {
    const bar = new SingleBar({
      format: 'training {bar} {value}/{total}  {text}',
      barsize: 20,
      hideCursor: true,
      stream: process.stderr,
    });
    bar.start(steps, step, { text: '' });
    return bar;
  }
}

function lossesOf({ loss, parts, triplets }: StepLine): string {
  const named = Object.entries(parts).map(([name, value]) => `${name} ${value?.toFixed(4) ?? 'NaN'}`);
  const active = triplets
    ? [`${(100 * triplets.active).toFixed(0)} % of ${triplets.mined} triplets active`]
    : [];
  const all = named.length > 1 && named.length <= MOST_PARTS ? ` (${named.join(', ')})` : '';
  return [`loss ${loss?.toFixed(4) ?? 'NaN'}${all}`, ...active].join(', ');
}

function rateOf({ picturesPerSecond }: StepLine): string {
  return `${picturesPerSecond?.toFixed(1) ?? '?'} pictures/s`;
}

function timeLeft(
  { step, picturesPerSecond }: StepLine,
  batch: number,
  steps: number,
  limit: number | undefined,
): string {
  const byRate = picturesPerSecond ? ((steps - step) * batch) / picturesPerSecond : Number.NaN;
  if (limit !== undefined && !(byRate < limit)) return `${duration(limit)} to the time limit`;
  return `${duration(byRate)} left`;
}
