// A bar of pictures done, on a terminal only.
import { SingleBar } from 'cli-progress';

/** Counts pictures on standard error; silent where it is no terminal or `quiet`. */
export class EvaluateBar {
  private readonly bar: SingleBar | undefined;

  constructor(total: number, quiet: boolean) {
    if (quiet || !process.stderr.isTTY) return;
    this.bar = new SingleBar({
      format: 'faces {bar} {value}/{total} pictures, {eta_formatted} left',
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    });
    this.bar.start(total, 0);
  }

  update(done: number): void {
    this.bar?.update(done);
  }

  stop(): void {
    this.bar?.stop();
  }
}
