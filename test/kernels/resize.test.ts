import { describe, expect, it } from 'vitest';
import { resizeBilinearFamily } from '../../harness/cases/resize.js';
import { ShapeError } from '../../src/base/errors.js';
import { resizeBilinear } from '../../src/kernels/resize.js';
import { ndarray } from '../../src/reference/array.js';
import { resizeBilinearReference } from '../../src/reference/resize.js';
import { checkFamily } from './shared.js';

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
