// Progress of `facet tune`: a bar on a terminal, a line for each measured bucket elsewhere.
import { SingleBar } from 'cli-progress';
import type { TuningEntry } from '../../src/gpu/tuning-table.js';
import type { TuneProgress } from '../../src/graph/tune.js';
import { milliseconds } from '../tune-report.js';
import { progressLine } from './step-line.js';

/** Of a terminal that does not tell. */
const COLUMNS = 80;

/** Writes to standard error; silent when `quiet`. */
export class TuneBar {
  private bar: SingleBar | undefined;
  private readonly started = performance.now();
  private ended = false;

  constructor(private readonly options: { readonly quiet: boolean }) {}

  /** A line above the bar. */
  note(text: string): void {
    this.stop();
    process.stderr.write(`${text}\n`);
  }

  progress({ done, total, next }: TuneProgress): void {
    if (this.options.quiet || this.ended || !process.stderr.isTTY) return;
    const left = done > 0 ? ((performance.now() - this.started) / 1000 / done) * (total - done) : undefined;
    const what = next ? `${next.tunable.family} ${next.tunable.bucket}` : 'done';
    const draw = () =>
      progressLine({ done, total, secondsLeft: left, notes: [what] }, process.stderr.columns || COLUMNS);
    if (!this.bar) {
      this.bar = new SingleBar({
        format: (_options, _params, payload: { draw: () => string }) => payload.draw(),
        stream: process.stderr,
        hideCursor: true,
        fps: 8,
      });
      this.bar.start(total, done, { draw });
    }
    this.bar.update(done, { draw });
  }

  /** A bucket is measured. */
  entry({ family, bucket, choice, ms }: TuningEntry): void {
    if (this.options.quiet || this.ended || process.stderr.isTTY) return;
    process.stderr.write(`${family} ${bucket}: ${choice} ${milliseconds(ms[choice]!)} ms\n`);
  }

  /** A last line: no bar comes after it. */
  end(text: string): void {
    this.stop();
    process.stderr.write(`${text}\n`);
    this.ended = true;
  }

  /** Leaves the bar as it stands and shows the cursor again. */
  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}
