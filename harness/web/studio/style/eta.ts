// How long a run will take, from the steps so far.

/** Steps looked back on. */
const WINDOW = 12;

/** A step's time is taken to be proportional to its pixels. */
export class EtaClock {
  private marks: { readonly at: number; readonly work: number }[] = [];
  private work = 0;

  /** After a pause, or anything else that is no step. */
  reset(): void {
    this.marks = [];
    this.work = 0;
  }

  /** Told of a step of so many pixels; seconds for what remains, once two steps are known. */
  left(
    pixels: number,
    remaining: readonly { readonly steps: number; readonly pixels: number }[],
    now = performance.now(),
  ): number | undefined {
    this.work += pixels;
    this.marks.push({ at: now, work: this.work });
    if (this.marks.length > WINDOW) this.marks.shift();
    const first = this.marks[0]!;
    const done = this.work - first.work;
    if (done === 0) return undefined;
    const rest = remaining.reduce((sum, { steps, pixels }) => sum + steps * pixels, 0);
    return ((now - first.at) / done) * (rest / 1000);
  }
}
