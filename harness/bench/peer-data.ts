// What the fixed workloads share: their data, and one run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { uniform } from '../../src/base/random.js';
import type { Tensor } from '../../src/base/tensor.js';
import type { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import type { Tape } from '../../src/graph/tape.js';

/** One run: submits the work and reads the result back. */
export type RunOnce = () => Promise<Float32Array>;

/** Makes a workload; `data` is the folder with its numbers, random ones without. */
export type Make = (store: TensorStore, data: string | undefined) => Promise<RunOnce>;

/** Little-endian f32 of `name` in the data folder; uniform in -scale..scale without a folder. */
export function values(data: string | undefined, name: string, count: number, scale: number): Float32Array {
  if (!data) return Float32Array.from({ length: count }, (_, i) => scale * (2 * uniform(7, i) - 1));
  const path = join(data, name);
  const bytes = readFileSync(path);
  if (bytes.length < 4 * count)
    throw new InputError(`${path} holds ${bytes.length / 4} values, ${count} are needed`);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * count));
}

/** Compiles what is recorded; each run reads `y` back. */
export async function runner(store: TensorStore, tape: Tape, y: Tensor): Promise<RunOnce> {
  const program = await Program.compile(store, tape.dispatches, { keep: [y] });
  return async () => {
    program.run();
    return program.read(y);
  };
}
