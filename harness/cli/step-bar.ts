// Progress of an optimisation: a bar on a terminal, a line now and then elsewhere.
import { SingleBar } from 'cli-progress';
import type { CompileProgress } from '../../src/gpu/pipelines.js';
import type { StepEvent, TileEvent } from '../../src/style/stylize.js';
import { barLine, compileLine, plainLine, type StepFacts } from './step-line.js';

/** Steps over which the speed is averaged. */
const WINDOW = 20;
/** Without a terminal a line is printed this often. */
const LINE_MS = 10_000;
/** Of a terminal that does not tell. */
const COLUMNS = 80;
/** Kernels that are compiled, or found in the driver's cache, in less time are not spoken of. */
const PATIENCE_MS = 700;

/** Writes to standard error; silent when `quiet`. */
export class StepBar {
  private bar: SingleBar | undefined;
  private readonly times: number[] = [];
  private losses: StepEvent['losses'];
  /** Of the last step. */
  private facts: StepFacts | undefined;
  private lastLine = Number.NEGATIVE_INFINITY;
  private compiling: { readonly since: number; bar?: SingleBar; lastLine: number } | undefined;
  private ended = false;

  constructor(private readonly options: { readonly quiet: boolean }) {}

  /** A line on work before or between steps, or a note. Speed and losses start anew: what follows differs. */
  stage(text: string): void {
    if (this.options.quiet) return;
    this.stop();
    this.times.length = 0;
    this.losses = undefined;
    this.facts = undefined;
    process.stderr.write(`${text}\n`);
  }

  /** A last line: no bar comes after it, so that the terminal is as it was found whatever ends the process. */
  end(text: string): void {
    this.stage(text);
    this.ended = true;
  }

  /** Kernels are compiled: a bar of its own, gone when they are there. */
  compile(progress: CompileProgress): void {
    if (this.options.quiet || this.ended) return;
    const now = performance.now();
    this.compiling ??= { since: now, lastLine: now };
    const { since, lastLine, bar } = this.compiling;
    if (progress.done === progress.total) this.compiled();
    else if (now - since < PATIENCE_MS) return;
    else if (!process.stderr.isTTY) {
      if (now - lastLine < LINE_MS) return;
      this.compiling.lastLine = now;
      process.stderr.write(`compiling kernels: ${progress.done} of ${progress.total}\n`);
    } else if (bar) bar.update(progress.done, { progress });
    else {
      const made = new SingleBar({
        format: (_options, _params, payload: { progress: CompileProgress }) =>
          compileLine(payload.progress, process.stderr.columns || COLUMNS),
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
      });
      made.start(progress.total, progress.done, { progress });
      this.compiling.bar = made;
    }
  }

  private compiled(): void {
    this.compiling?.bar?.stop();
    this.compiling = undefined;
  }

  /** A step is done. */
  step(event: StepEvent): void {
    if (this.options.quiet || this.ended) return;
    const facts = this.measure(event);
    this.facts = facts;
    if (process.stderr.isTTY) this.draw(facts);
    else this.log(facts);
  }

  /** A tile of a step that goes over tiles is done. */
  tile({ step, steps, done, total }: TileEvent): void {
    if (this.options.quiet || this.ended) return;
    const none = { secondsPerStep: undefined, secondsLeft: undefined, losses: undefined };
    const facts = { ...none, ...this.facts, step: step - 1, total: steps, tile: { done, total } };
    if (process.stderr.isTTY) this.draw(facts);
    else this.log(facts);
  }

  /** Leaves the bar as it stands and shows the cursor again. */
  stop(): void {
    this.compiled();
    this.bar?.stop();
    this.bar = undefined;
  }

  private draw(facts: StepFacts): void {
    if (!this.bar) {
      this.bar = new SingleBar({
        format: (_options, _params, payload: { facts: StepFacts }) =>
          barLine(payload.facts, process.stderr.columns || COLUMNS),
        stream: process.stderr,
        hideCursor: true,
        fps: 8,
      });
      this.bar.start(facts.total, facts.step, { facts });
    }
    this.bar.update(facts.step, { facts });
  }

  private log(facts: StepFacts): void {
    const now = performance.now();
    if (facts.step < facts.total && now - this.lastLine < LINE_MS) return;
    this.lastLine = now;
    process.stderr.write(`${plainLine(facts)}\n`);
  }

  private measure(event: StepEvent): StepFacts {
    this.times.push(performance.now());
    if (this.times.length > WINDOW) this.times.shift();
    this.losses = event.losses ?? this.losses;
    const { step, total, scale, remaining } = event;
    const span = this.times.at(-1)! - this.times[0]!;
    const secondsPerStep = this.times.length > 1 ? span / (this.times.length - 1) / 1000 : undefined;
    // Later scales have twice the pixels each; their steps are assumed to take as much longer.
    const stepsLeft = remaining.reduce(
      (sum, { steps, pixels }) => sum + steps * (pixels / (scale.width * scale.height)),
      0,
    );
    const secondsLeft = secondsPerStep === undefined ? undefined : stepsLeft * secondsPerStep;
    return { step, total, secondsPerStep, secondsLeft, losses: this.losses };
  }
}
