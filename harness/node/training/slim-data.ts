// The batches of a training of the slim VGG: crops from a ring that new ones enter while it goes on.
import { floatToHalf, halfToFloat } from '../../../src/base/half.js';
import { hash32 } from '../../../src/base/random.js';
import type { SlimTap } from '../../../src/training/slim-graph.js';
import type { Batch } from '../../../src/training/types.js';
import type { CropRing } from './crop-ring.js';
import type { SlimCrops } from './slim-crops.js';
import { gridPlace, planarOf, rowValues, type SlimTeacher, TEACHER_BATCH } from './slim-teacher.js';

/** What a teacher's taps are divided by: their deviation about the channels' means, by tap. */
export type TapScales = Readonly<Record<string, number>>;

/** Crops that the deviations are measured on. */
const MEASURED = 32;

/** Every f16 as a number. */
const WIDENED = Float32Array.from({ length: 65536 }, (_, half) => halfToFloat(half));

/** Bytes of a crop of `side` px with the teacher's rows as f16. */
export function slotBytes(side: number, taps: readonly SlimTap[]): number {
  return 3 * side * side + 2 * rowValues(taps);
}

/** Deviations over the first crops: the root of the mean squared distance from each channel's mean. */
export async function measureScales(
  crops: SlimCrops,
  teacher: SlimTeacher,
  taps: readonly SlimTap[],
  seed: number,
): Promise<TapScales> {
  const seen: Float32Array[] = [];
  for (let first = 0; first < MEASURED; first += TEACHER_BATCH) {
    const numbers = Array.from({ length: TEACHER_BATCH }, (_, n) => first + n);
    seen.push(...(await teacher.look(await Promise.all(numbers.map((i) => crops.crop(i))), numbers, seed)));
  }
  const scales: Record<string, number> = {};
  let from = 0;
  for (const { tap, grid, teacherChannels: C } of taps) {
    const length = grid.rows * grid.columns * C;
    const mean = new Float64Array(C);
    let square = 0;
    for (const rows of seen)
      for (let i = 0; i < length; i++) {
        const value = rows[from + i]!;
        mean[i % C]! += value;
        square += value * value;
      }
    const count = (seen.length * length) / C;
    const squaredMeans = mean.reduce((sum, value) => sum + (value / count) ** 2, 0);
    scales[tap] = Math.sqrt(Math.max(1e-12, (square / count - squaredMeans) / C));
    from += length;
  }
  return scales;
}

export interface SlimDataOptions {
  readonly crops: SlimCrops;
  readonly teacher: SlimTeacher;
  readonly ring: CropRing;
  readonly taps: readonly SlimTap[];
  readonly scales: TapScales;
  readonly seed: number;
  readonly batch: number;
  /** Crops before the first step, and new ones for each step. */
  readonly first: number;
  readonly fresh: number;
}

/** Crops before the first step, unless the ring has less room. */
export const FIRST_CROPS = 256;

/** Batches by step; which crops there are depends on the step alone, so that a training resumes to the same. */
export class SlimData {
  /** Crops up to here were made or found. */
  private checked = -1;
  /** Crops that the teacher looked at in this process. */
  made = 0;

  constructor(private readonly options: SlimDataOptions) {}

  /** Crops that have been made by step `step`: they come in the teacher's batches. */
  available(step: number): number {
    const { first, fresh } = this.options;
    return first + TEACHER_BATCH * Math.floor((fresh * (step - 1)) / TEACHER_BATCH);
  }

  /** Makes the crops of a step, so that `batch` finds them; false where the signal ended it before. */
  async prepare(
    step: number,
    progress: (made: number, total: number) => void,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.fill(this.available(step), progress, signal);
  }

  /** The batch of a step: inputs as `slimInputs` names them. */
  async batch(step: number): Promise<Batch> {
    const { ring, taps, seed, batch: N, crops } = this.options;
    const { side } = crops.options;
    const upTo = this.available(step);
    await this.fill(upTo);
    const oldest = Math.max(0, upTo - ring.slots);
    const stream = hash32(hash32(seed, 29), step);
    const chosen = new Set<number>();
    for (let i = 0; chosen.size < N; i++) chosen.add(oldest + (hash32(stream, i) % (upTo - oldest)));
    const numbers = [...chosen];
    const contents = await Promise.all(numbers.map((crop) => ring.read(crop)));
    const pixels = 3 * side * side;
    const inputs: Record<string, ArrayLike<number>> = {
      crops: planarOf(
        contents.map((content) => content.subarray(0, pixels)),
        side,
      ),
    };
    let from = 0;
    for (const tap of taps) {
      const length = tap.grid.rows * tap.grid.columns * tap.teacherChannels;
      const rows = new Float32Array(N * length);
      for (const [n, content] of contents.entries()) {
        const view = new DataView(content.buffer, pixels + 2 * from, 2 * length);
        for (let i = 0; i < length; i++) rows[n * length + i] = WIDENED[view.getUint16(2 * i, true)]!;
      }
      inputs[`teacher.${tap.tap}`] = rows;
      const places = numbers.map((crop) => gridPlace(seed, crop, tap));
      inputs[`at.${tap.tap}`] = places.flat();
      if (tap.kernel.side < tap.grid.rows) Object.assign(inputs, someRows(tap, rows, places, stream));
      from += length;
    }
    return inputs;
  }

  /** Makes what the ring lacks of the crops below `upTo` that it has room for. */
  private async fill(
    upTo: number,
    progress: (made: number, total: number) => void = () => {},
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (upTo <= this.checked) return true;
    const { ring, crops } = this.options;
    const due: number[] = [];
    for (let crop = Math.max(0, this.checked, upTo - ring.slots); crop < upTo; crop++)
      if (!ring.has(crop)) due.push(crop);
    for (let at = 0; at < due.length; at += TEACHER_BATCH) {
      if (signal?.aborted) return false;
      const numbers = due.slice(at, at + TEACHER_BATCH);
      await this.make(numbers, await Promise.all(numbers.map((i) => crops.crop(i))));
      progress(at + numbers.length, due.length);
    }
    this.checked = upTo;
    return true;
  }

  private async make(numbers: readonly number[], pixels: readonly Uint8Array[]): Promise<void> {
    const { teacher, ring, taps, scales, seed, crops } = this.options;
    const all = await teacher.look(pixels, numbers, seed);
    const { side } = crops.options;
    for (const [n, rows] of all.entries()) {
      const content = new Uint8Array(slotBytes(side, taps));
      content.set(pixels[n]!);
      const view = new DataView(content.buffer, 3 * side * side);
      let i = 0;
      for (const { tap, grid, teacherChannels } of taps) {
        const end = i + grid.rows * grid.columns * teacherChannels;
        for (; i < end; i++) view.setUint16(2 * i, floatToHalf(rows[i]! / scales[tap]!), true);
      }
      await ring.write(numbers[n]!, content);
    }
    this.made += numbers.length;
  }
}

/** Of the rows of a tap those that inner products are made of: a grid in the grid, which begins anywhere. */
function someRows(
  { tap, grid, kernel, teacherChannels: C }: SlimTap,
  rows: Float32Array,
  places: readonly (readonly [number, number])[],
  stream: number,
): Batch {
  const { stride, side } = kernel;
  const own = hash32(hash32(stream, 31), grid.rows * 8 + Number(tap.at(-1)));
  const at: number[] = [];
  const some = new Float32Array(places.length * side * side * C);
  for (const [n, [top, left]] of places.entries()) {
    const [down, right] = [grid.rows, grid.columns].map(
      (count, axis) => hash32(own, 2 * n + axis) % (count - (side - 1) * stride),
    ) as [number, number];
    at.push(top + grid.step * down, left + grid.step * right);
    for (let i = 0; i < side * side; i++) {
      const row = down + stride * Math.floor(i / side);
      const column = right + stride * (i % side);
      const from = ((n * grid.rows + row) * grid.columns + column) * C;
      some.set(rows.subarray(from, from + C), (n * side * side + i) * C);
    }
  }
  return { [`kernel.at.${tap}`]: at, [`kernel.teacher.${tap}`]: some };
}
