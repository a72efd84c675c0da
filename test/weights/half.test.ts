import { describe, expect, it } from 'vitest';
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from '../../src/base/half.js';

describe('binary16', () => {
  it('widens hand-made patterns', () => {
    const examples: [number, number][] = [
      [0x0000, 0],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3c00, 1],
      [0x3c01, 1 + 2 ** -10],
      [0xc000, -2],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
    ];
    for (const [bits, value] of examples) expect(halfToFloat(bits), bits.toString(16)).toBe(value);
    expect(Object.is(halfToFloat(0x8000), -0)).toBe(true);
  });

  it('gives all 65536 patterns back', () => {
    let nans = 0;
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfToFloat(bits);
      const back = floatToHalf(value);
      if (Number.isNaN(value)) {
        nans++;
        if ((back & 0x7c00) !== 0x7c00 || (back & 0x3ff) === 0) expect.fail(`NaN ${bits} became ${back}`);
      } else if (back !== bits) expect.fail(`${bits} is ${value}, which became ${back}`);
    }
    expect(nans).toBe(2 * 1023);
  });

  it('rounds to the nearest, ties to even, between every two neighbours', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const low = halfToFloat(bits);
      const high = halfToFloat(bits + 1);
      const middle = (low + high) / 2;
      const even = bits & 1 ? bits + 1 : bits;
      // A half has 11 significant bits, so that the middle and its neighbours in 24 bits are f32 values.
      const step = (high - low) / 1024;
      const got = [middle - step, middle, middle + step].flatMap((x) => [floatToHalf(x), floatToHalf(-x)]);
      const want = [bits, even, bits + 1].flatMap((x) => [x, x | 0x8000]);
      if (got.some((x, i) => x !== want[i])) expect.fail(`around ${middle}: ${got}, must be ${want}`);
    }
  });

  it('overflows from 65520 on and underflows up to 2^-25', () => {
    expect(floatToHalf(65519.996)).toBe(0x7bff);
    expect(floatToHalf(65520)).toBe(0x7c00);
    expect(floatToHalf(-3e38)).toBe(0xfc00);
    expect(floatToHalf(2 ** -25)).toBe(0);
    expect(floatToHalf(2 ** -25 * (1 + 2 ** -23))).toBe(1);
    expect(floatToHalf(-(2 ** -149))).toBe(0x8000);
  });
});

describe('bfloat16', () => {
  it('gives all 65536 patterns back', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = bfloatToFloat(bits);
      const back = floatToBfloat(value);
      const nan = (bits & 0x7fff) > 0x7f80;
      if (nan !== Number.isNaN(value)) expect.fail(`${bits} is ${value}`);
      if (nan ? (back & 0x7fff) <= 0x7f80 : back !== bits)
        expect.fail(`${bits} is ${value}, which became ${back}`);
    }
  });

  it('rounds to the nearest, ties to even, between every two neighbours', () => {
    for (let bits = 0; bits < 0x7f7f; bits++) {
      const low = bfloatToFloat(bits);
      const high = bfloatToFloat(bits + 1);
      const middle = low + (high - low) / 2;
      const step = (high - low) / 2 ** 10;
      const even = bits & 1 ? bits + 1 : bits;
      const got = [middle - step, middle, middle + step].map(floatToBfloat);
      if (got[0] !== bits || got[1] !== even || got[2] !== bits + 1) {
        expect.fail(`around ${middle}: ${got}, must be ${[bits, even, bits + 1]}`);
      }
    }
    expect(floatToBfloat(3.4e38)).toBe(0x7f80);
  });
});
