// Pictures and optimiser state from one size to another, on the GPU: the same numbers in Node and browser.
import { tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import { Program } from '../graph/program.js';
import { Tape } from '../graph/tape.js';
import { resizeBilinear } from '../kernels/resize.js';

type Extents = readonly [number, number, number, number];

/** Pixels of one band: 64 MiB of vec4, half of what every adapter binds. */
const BAND_PIXELS = 2 ** 22;

/**
 * Planar [1,C,h,w] (C at most 4) -> [1,C,height,width], bilinear, antialiased when shrinking. Rows first, in bands
 * of rows, then columns in bands of columns: each is independent of the others, so a photograph of any size passes
 * through an adapter that could not bind it whole.
 */
export async function resample(
  store: TensorStore,
  values: Float32Array,
  shape: Extents,
  height: number,
  width: number,
): Promise<Float32Array> {
  const [n, c, h, w] = shape;
  let current = values;
  if (w !== width) {
    const rows = Math.max(1, Math.floor(BAND_PIXELS / w));
    const out = new Float32Array(n * c * h * width);
    for (let y = 0; y < h; y += rows) {
      const count = Math.min(rows, h - y);
      const band = cut(current, [c, h, w], y, count, 0, w);
      paste(
        out,
        [c, h, width],
        await resize(store, band, [n, c, count, w], count, width),
        y,
        count,
        0,
        width,
      );
    }
    current = out;
  }
  if (h !== height) {
    const columns = Math.max(1, Math.floor(BAND_PIXELS / h));
    const out = new Float32Array(n * c * height * width);
    for (let x = 0; x < width; x += columns) {
      const count = Math.min(columns, width - x);
      const band = cut(current, [c, h, width], 0, h, x, count);
      paste(
        out,
        [c, height, width],
        await resize(store, band, [n, c, h, count], height, count),
        0,
        height,
        x,
        count,
      );
    }
    current = out;
  }
  return current === values ? values.slice() : current;
}

/** Rows y.. and columns x.. of every plane. */
function cut(
  values: Float32Array,
  [c, h, w]: readonly [number, number, number],
  y: number,
  rows: number,
  x: number,
  columns: number,
): Float32Array {
  if (rows === h && columns === w) return values;
  const out = new Float32Array(c * rows * columns);
  for (let plane = 0; plane < c; plane++)
    for (let row = 0; row < rows; row++) {
      const from = (plane * h + y + row) * w + x;
      out.set(values.subarray(from, from + columns), (plane * rows + row) * columns);
    }
  return out;
}

/** The reverse of `cut`. */
function paste(
  out: Float32Array,
  [c, h, w]: readonly [number, number, number],
  band: Float32Array,
  y: number,
  rows: number,
  x: number,
  columns: number,
): void {
  for (let plane = 0; plane < c; plane++)
    for (let row = 0; row < rows; row++) {
      const from = (plane * rows + row) * columns;
      out.set(band.subarray(from, from + columns), (plane * h + y + row) * w + x);
    }
}

async function resize(
  store: TensorStore,
  values: Float32Array,
  shape: Extents,
  height: number,
  width: number,
): Promise<Float32Array> {
  const source = store.pin(tensor('resample.source', shape, { lifetime: 'pinned' }), values);
  try {
    const tape = new Tape(store.target);
    const y = tape.record(resizeBilinear, 'resample', { x: source }, { height, width, antialias: true });
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
