// At which sizes a picture is searched, without a net.
import { describe, expect, it } from 'vitest';
import type { Detection } from '../../src/faces/boxes.js';
import { detectFaces, inputSizes } from '../../src/faces/detect.js';

const face = (x: number, score: number, size = 100): Detection => ({
  x,
  y: 10,
  width: size,
  height: size,
  score,
});

/** Calls of a detector that finds `found[size]`. */
function detector(found: Record<number, Detection[]>) {
  const asked: number[] = [];
  return {
    asked,
    at: async (size: number) => {
      asked.push(size);
      return found[size] ?? [];
    },
  };
}

describe('the sizes of the search', () => {
  it('are multiples of 32, the usual one first, larger ones as the picture has pixels', () => {
    expect(inputSizes(160, 'first')).toEqual([128, 192, 96]);
    expect(inputSizes(300, 'first')).toEqual([416, 192, 128, 96]);
    expect(inputSizes(640, 'first')).toEqual([416, 192, 128, 96, 608, 832]);
    expect(inputSizes(640, 'thorough')).toEqual([416, 192, 128, 96, 832]);
    expect(inputSizes(4000, 'thorough')).toEqual([416, 192, 128, 96, 832, 1216]);
    for (const longest of [16, 208, 209, 1000, 16384]) {
      for (const size of inputSizes(longest, 'first')) expect(size % 32).toBe(0);
    }
  });

  it('ends at the first that shows a face', async () => {
    const { asked, at } = detector({ 192: [face(5, 0.9)], 128: [face(200, 0.8)] });
    expect(await detectFaces(640, {}, at)).toEqual([face(5, 0.9)]);
    expect(asked).toEqual([416, 192]);
  });

  it('joins all, without doubles, where it is thorough', async () => {
    const { asked, at } = detector({ 416: [face(5, 0.7)], 192: [face(9, 0.9)], 832: [face(400, 0.6)] });
    expect(await detectFaces(640, { search: 'thorough' }, at)).toEqual([face(9, 0.9), face(400, 0.6)]);
    expect(asked).toEqual([416, 192, 128, 96, 832]);
  });

  it('is one where one is given', async () => {
    const { asked, at } = detector({});
    expect(await detectFaces(640, { inputSize: 224 }, at)).toEqual([]);
    expect(asked).toEqual([224]);
    for (const inputSize of [0, 31, 100, 8192, 64.5, Number.NaN]) {
      await expect(detectFaces(640, { inputSize }, at)).rejects.toThrow(/multiple of 32 up to 4096/);
    }
    await expect(detectFaces(640, { minScore: -1 }, at)).rejects.toThrow(/must lie in 0\.\.1, got -1/);
  });
});
