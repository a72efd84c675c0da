import { describe, expect, it } from 'vitest';
import { resizeBilinearFamily } from '../../harness/cases/resize.js';
import { ShapeError } from '../../src/base/errors.js';
import { resizeBilinear } from '../../src/kernels/resize.js';
import { ndarray } from '../../src/reference/array.js';
import { resizeBilinearReference } from '../../src/reference/resize.js';
import { checkFamily } from './shared.js';

const PILLOW_6X7_TO_3X4 = [
  3.5646257400512695, 5.034285545349121, 4.925714492797852, 5.224489688873291, 4.0535712242126465,
  3.4100000858306885, 3.2249999046325684, 3.404761791229248, 3.952380895614624, 5.142857074737549,
  5.274285793304443, 4.306122303009033,
];
const PILLOW_4X5_TO_6X3 = [
  1.2857142686843872, 2.3333332538604736, 4.4285712242126465, 2.9285714626312256, 5.111111164093018,
  5.285714149475098, 4.952381134033203, 7.222222328186035, 5.476190567016602, 6.476190567016602,
  4.55555534362793, 2.809523820877075, 4.357142925262451, 2.6111111640930176, 2.0, 1.8571428060531616,
  1.3333333730697632, 1.8571428060531616,
];

/** One row, resized to `width`. */
function row(values: number[], width: number, antialias: boolean): number[] {
  const x = ndarray([1, 1, 1, values.length], values);
  return [...resizeBilinearReference.forward({ x }, { height: 1, width, antialias }).data];
}

describe('resize_bilinear by hand', () => {
  it('doubles: quarters between the pixels, the edges held', () => {
    expect(row([0, 4], 4, false)).toEqual([0, 1, 3, 4]);
    expect(row([0, 4], 4, true)).toEqual([0, 1, 3, 4]);
  });

  it('halves with antialias: weights 1 3 3 1, cut and normalised at the edges', () => {
    const [left, middle, right] = row([8, 0, 0, 16, 0, 28], 3, true);
    expect(left).toBeCloseTo((3 * 8) / 7, 12);
    expect(middle).toBeCloseTo((3 * 16) / 8, 12);
    expect(right).toBeCloseTo((16 + 3 * 28) / 7, 12);
  });

  it('quarters without antialias: the two middle pixels alone', () => {
    expect(row([9, 2, 4, 9], 1, false)).toEqual([3]);
  });

  it('keeps a constant picture', () => {
    for (const value of row([5, 5, 5, 5, 5, 5, 5], 4, true)) expect(value).toBeCloseTo(5, 12);
  });
});

// Pillow 12.3: Image.new('F', (w, h)), putpixel((x, y), (3*x*x + 5*y*y + 7*x*y) % 11), then
// resize((Q, P), Image.BILINEAR) and getpixel in row-major order. Pillow computes in float32.
it.each([
  [6, 7, 3, 4, PILLOW_6X7_TO_3X4],
  [4, 5, 6, 3, PILLOW_4X5_TO_6X3],
])('resizes %ix%i to %ix%i as Pillow does', (h, w, height, width, expected) => {
  const x = ndarray(
    [1, 1, h, w],
    Float64Array.from({ length: h * w }, (_, i) => {
      const [row, column] = [Math.floor(i / w), i % w];
      return (3 * column * column + 5 * row * row + 7 * column * row) % 11;
    }),
  );
  const y = resizeBilinearReference.forward({ x }, { height, width, antialias: true });
  for (const [i, value] of expected.entries()) expect(y.data[i]).toBeCloseTo(value, 5);
});

it.each([
  [{ height: 0, width: 4 }, 'height must be an integer in 1..32767, got 0'],
  [{ height: 4, width: 2.5 }, 'width must be an integer in 1..32767, got 2.5'],
  [{ height: 4, width: 40000 }, 'width must be an integer in 1..32767, got 40000'],
])('refuses %o', (size, rule) => {
  expect(() => resizeBilinear.output({ x: [1, 3, 8, 8] }, { ...size, antialias: true }, 'pyramid')).toThrow(
    new ShapeError(`resize_bilinear at pyramid: ${rule}; x [1,3,8,8]`),
  );
});

checkFamily(resizeBilinearFamily);
