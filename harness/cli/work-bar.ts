// Progress of work on many pictures: a bar on a terminal, a line now and then elsewhere.
import { SingleBar } from 'cli-progress';

/** Without a terminal a line is printed this often. */
const LINE_MS = 10_000;

/** Writes to standard error; silent where `quiet`. */
export class WorkBar {
  private bar: SingleBar | undefined;
  private started = 0;
  private lastLine = 0;
  private ended = false;

  /** `what` names the work (`aligning`), `unit` what it is counted in. */
  constructor(
    private readonly what: string,
    private readonly quiet: boolean,
    private readonly unit = 'pictures',
  ) {}

  /** `note` stands behind the counts. */
  update(done: number, total: number, note = ''): void {
    if (this.quiet || this.ended) return;
    const now = performance.now();
    if (this.started === 0) this.started = this.lastLine = now;
    const rate = (1000 * done) / Math.max(1, now - this.started);
    const facts = { rate: rate.toFixed(1), left: duration((total - done) / rate), note };
    if (process.stderr.isTTY) {
      this.bar ??= this.begin(total);
      this.bar.update(done, facts);
      return;
    }
    if (now - this.lastLine < LINE_MS && done < total) return;
    this.lastLine = now;
    const line = `${this.what}: ${done} of ${total} ${this.unit}, ${facts.rate} a second, ${facts.left} left${note}`;
    process.stderr.write(`${line}\n`);
  }

  /** Takes the bar away. */
  stop(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  /** A last line in place of the bar; nothing comes after it. */
  end(line: string): void {
    this.stop();
    this.ended = true;
    process.stderr.write(`${line}\n`);
  }

  private begin(total: number): SingleBar {
    const bar = new SingleBar({
      format: `${this.what} {bar} {value}/{total} ${this.unit}, {rate}/s, {left} left{note}`,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    });
    bar.start(total, 0, { rate: '0.0', left: '', note: '' });
    return bar;
  }
}

/** Seconds as `1 h 02 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  const whole = Math.max(0, Math.round(seconds));
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return `${h} h ${String(min).padStart(2, '0')} min`;
  return min > 0 ? `${min} min ${String(s).padStart(2, '0')} s` : `${s} s`;
}
