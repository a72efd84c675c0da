// What a VGG says of crops, at the pixels that are compared.

import { hash32 } from '../../../src/base/random.js';
import { sizeOf } from '../../../src/base/shape.js';
import { type Tensor, tensor } from '../../../src/base/tensor.js';
import type { Device } from '../../../src/gpu/device.js';
import { TensorStore } from '../../../src/gpu/store.js';
import { Program } from '../../../src/graph/program.js';
import { Tape } from '../../../src/graph/tape.js';
import { pixelRows } from '../../../src/kernels/pixel-rows.js';
import type { LoadedWeights } from '../../../src/nets/manifest.js';
import { Net } from '../../../src/nets/net.js';
import { roomOf, type SlimTap } from '../../../src/training/slim-graph.js';

/** Crops that it sees at once. */
export const TEACHER_BATCH = 8;

/** Channels of the teacher's taps, by name. */
export function channelsOf(teacher: LoadedWeights): Map<string, number> {
  const found = [...teacher.tensors].filter(([name]) => name.endsWith('.bias'));
  return new Map(
    found.map(([name, { shape }]) => [name.replace('conv', 'relu').replace('.bias', ''), shape[0]!]),
  );
}

/** Where the grid of crop `crop` begins in a map: row and column, by chance. */
export function gridPlace(seed: number, crop: number, tap: SlimTap): [number, number] {
  const stream = hash32(hash32(hash32(seed, 23), crop), tap.side * 8 + Number(tap.tap.at(-1)));
  const room = roomOf(tap);
  return [hash32(stream, 0) % room, hash32(stream, 1) % room];
}

/** [N][side][side][3] bytes -> [N,3,side,side] in 0..1. */
export function planarOf(crops: readonly Uint8Array[], side: number): Float32Array {
  const pixels = side * side;
  const out = new Float32Array(crops.length * 3 * pixels);
  for (const [n, bytes] of crops.entries())
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < pixels; i++) out[(3 * n + c) * pixels + i] = bytes[3 * i + c]! / 255;
  return out;
}

/** Owns the net and its program. */
export class SlimTeacher {
  private constructor(
    private readonly store: TensorStore,
    private readonly program: Program,
    private readonly image: Tensor,
    private readonly at: ReadonlyMap<string, Tensor>,
    private readonly rows: ReadonlyMap<string, Tensor>,
    private readonly side: number,
    private readonly taps: readonly SlimTap[],
  ) {}

  static async create(
    device: Device,
    weights: LoadedWeights,
    side: number,
    taps: readonly SlimTap[],
  ): Promise<SlimTeacher> {
    const store = new TensorStore(device);
    try {
      const names = taps.map(({ tap }) => tap);
      const net = new Net(store, weights, names);
      const image = store.pin(tensor('crops', [TEACHER_BATCH, 3, side, side], { lifetime: 'pinned' }));
      const tape = new Tape(store.target);
      const features = net.forward(tape, image, names, { pooling: 'max', padding: 'zero' });
      const at = new Map<string, Tensor>();
      const rows = new Map<string, Tensor>();
      for (const { tap, grid } of taps) {
        const place = store.pin(tensor(`at.${tap}`, [TEACHER_BATCH, 2], { lifetime: 'pinned' }));
        at.set(tap, place);
        rows.set(tap, tape.record(pixelRows, `${tap}.rows`, { x: features.get(tap)!, at: place }, grid));
      }
      const program = await Program.compile(store, tape.dispatches, {
        label: 'teacher',
        keep: [...rows.values()],
      });
      return new SlimTeacher(store, program, image, at, rows, side, taps);
    } catch (error) {
      store.destroy();
      throw error;
    }
  }

  /**
   * The rows of up to TEACHER_BATCH crops with these numbers: by crop, for each tap [pixels of its grid][channels], taps in
   * their order, one behind the other.
   */
  async look(
    crops: readonly Uint8Array[],
    numbers: readonly number[],
    seed: number,
  ): Promise<Float32Array[]> {
    const padded = Array.from({ length: TEACHER_BATCH }, (_, n) => crops[Math.min(n, crops.length - 1)]!);
    this.store.write(this.image, planarOf(padded, this.side));
    for (const tap of this.taps) {
      const places = padded.flatMap((_, n) => gridPlace(seed, numbers[n] ?? 0, tap));
      this.store.write(this.at.get(tap.tap)!, places);
    }
    this.program.run();
    const all = await this.program.readAll(this.taps.map(({ tap }) => this.rows.get(tap)!));
    return crops.map((_, n) => {
      const parts = all.map((values) => {
        const own = values.length / TEACHER_BATCH;
        return values.subarray(n * own, (n + 1) * own);
      });
      const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
      let to = 0;
      for (const part of parts) {
        out.set(part, to);
        to += part.length;
      }
      return out;
    });
  }

  destroy(): void {
    this.program.destroy();
    this.store.destroy();
  }
}

/** Numbers that a crop's rows take. */
export function rowValues(taps: readonly SlimTap[]): number {
  return taps.reduce(
    (sum, { grid, teacherChannels }) => sum + sizeOf([grid.rows, grid.columns, teacherChannels]),
    0,
  );
}
