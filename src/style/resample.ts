// Pictures and optimiser state from one size to another, on the GPU: the same numbers in Node and browser.
import { type Tensor, tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import { Program } from '../graph/program.js';
import { Tape } from '../graph/tape.js';
import { resizeBilinear } from '../kernels/resize.js';

/** Planar [1,C,h,w] -> [1,C,height,width], bilinear, antialiased when shrinking. */
export async function resample(
  store: TensorStore,
  values: ArrayLike<number>,
  shape: readonly [number, number, number, number],
  height: number,
  width: number,
): Promise<Float32Array> {
  if (shape[2] === height && shape[3] === width) return Float32Array.from(values);
  const source = store.pin(tensor('resample.source', shape, { lifetime: 'pinned' }), values);
  try {
    const tape = new Tape(store.device.target);
    const y: Tensor = tape.record(
      resizeBilinear,
      'resample',
      { x: source },
      { height, width, antialias: true },
    );
    const program = await Program.compile(store, tape.dispatches, { label: 'resample', keep: [y] });
    try {
      program.run();
      return await program.read(y);
    } finally {
      program.destroy();
    }
  } finally {
    store.release(source);
  }
}
