// Progress of an optimisation: a bar with losses, speed and time left, or plain lines without a terminal.
import { Presets, SingleBar } from 'cli-progress';
import type { StepEvent } from '../../src/style/stylize.js';

/** Steps over which the speed is averaged. */
const WINDOW = 20;
/** Without a terminal a line is printed this often. */
const LINE_MS = 10_000;

/** Writes to standard error; silent when `quiet`. */
export class StepBar {
  private bar: SingleBar | undefined;
  private readonly times: number[] = [];
  private scaleIndex = -1;
  private losses = '';
  private lastLine = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: { quiet: boolean; title: string }) {}

  /** Work before or between steps. */
  stage(text: string): void {
    if (this.options.quiet) return;
    this.closeBar();
    process.stderr.write(`${text}\n`);
  }

  step(event: StepEvent): void {
    if (this.options.quiet) return;
    if (event.scale.index !== this.scaleIndex) {
      // Steps of another scale take another time.
      this.scaleIndex = event.scale.index;
      this.times.length = 0;
    }
    this.times.push(performance.now());
    if (this.times.length > WINDOW) this.times.shift();
    if (event.losses) {
      const { total, content, style } = event.losses;
      const part = (name: string, value: number | undefined) =>
        value === undefined ? '' : ` ${name} ${value.toPrecision(3)}`;
      this.losses = `loss ${total!.toPrecision(3)}${part('content', content)}${part('style', style)}`;
    }
    const payload = {
      losses: this.losses,
      size: `${event.scale.width}x${event.scale.height}`,
      speed: this.speed(),
      left: this.timeLeft(event),
    };
    if (!process.stderr.isTTY) {
      this.line(event, payload);
      return;
    }
    if (!this.bar) {
      this.bar = new SingleBar(
        {
          format: ' {bar} {value}/{total} | {left} left | {speed} | {size} | {losses}',
          stream: process.stderr,
          hideCursor: true,
          barsize: 16,
          fps: 8,
        },
        Presets.shades_classic,
      );
      this.bar.start(event.total, event.step, payload);
    }
    this.bar.update(event.step, payload);
  }

  stop(): void {
    this.closeBar();
  }

  private closeBar(): void {
    this.bar?.stop();
    this.bar = undefined;
  }

  private line(event: StepEvent, p: { losses: string; size: string; speed: string; left: string }): void {
    const now = performance.now();
    if (event.step < event.total && now - this.lastLine < LINE_MS) return;
    this.lastLine = now;
    process.stderr.write(
      `step ${event.step}/${event.total} | ${p.left} left | ${p.speed} | ${p.size} | ${p.losses}\n`,
    );
  }

  private secondsPerStep(): number | undefined {
    const span = this.times.at(-1)! - this.times[0]!;
    return this.times.length > 1 ? span / (this.times.length - 1) / 1000 : undefined;
  }

  private speed(): string {
    const seconds = this.secondsPerStep();
    if (seconds === undefined) return '…';
    return seconds > 1 ? `${seconds.toFixed(2)} s/step` : `${(1 / seconds).toFixed(1)} steps/s`;
  }

  /** Later scales have twice the pixels each; their steps are assumed to take as much longer. */
  private timeLeft(event: StepEvent): string {
    const seconds = this.secondsPerStep();
    if (seconds === undefined) return '…';
    const left = event.remaining.reduce(
      (sum, { steps, pixels }) => sum + steps * (pixels / (event.scale.width * event.scale.height)),
      0,
    );
    const total = Math.round(left * seconds);
    return total >= 60
      ? `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, '0')} s`
      : `${total} s`;
  }
}
