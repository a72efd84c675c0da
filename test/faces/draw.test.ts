import { describe, expect, it } from 'vitest';
import { type DrawnFace, drawFaces } from '../../harness/node/faces/draw.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';

const picture = (side = 200, alpha?: number) =>
  rgbImage(
    side,
    side,
    Float32Array.from({ length: 3 * side * side }, (_, i) => 0.3 + (i % 7) * 1e-7),
    alpha === undefined ? undefined : new Float32Array(side * side).fill(alpha),
  );
const box = (x: number, y: number, width: number, height = width) => ({ x, y, width, height });

/** [left, top, right, bottom] of the pixels that differ from the picture's. */
function changed(before: RgbImage, after: RgbImage): number[] | undefined {
  const places = before.data.reduce<number[]>((list, v, i) => {
    if (v !== after.data[i]) list.push(Math.floor(i / 3));
    return list;
  }, []);
  if (places.length === 0) return undefined;
  const [xs, ys] = [places.map((p) => p % before.width), places.map((p) => Math.floor(p / before.width))];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
const mark = async (faces: DrawnFace[], before = picture()) =>
  changed(before, await drawFaces(before, faces));
const pixel = ({ width, data }: RgbImage, x: number, y: number) => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];

describe('drawFaces', () => {
  it('marks the edge of the box and leaves every bit of what lies inside and outside', async () => {
    const before = picture();
    const after = await drawFaces(before, [{ box: box(50, 60, 80) }]);
    expect(changed(before, after)).toEqual([50, 60, 129, 139]);
    for (let y = 70; y < 130; y++) {
      for (let x = 60; x < 120; x++) expect(pixel(after, x, y)).toEqual(pixel(before, x, y));
    }
    // The line itself is the first colour, #0072b2.
    const [r, g, b] = pixel(after, 51, 100);
    expect(r).toBeLessThan(0.25);
    expect(b).toBeGreaterThan(g!);
  });

  it('puts the tag above the box, inside where there is no room, and never beyond the picture', async () => {
    const [, top] = (await mark([{ box: box(50, 60, 80), label: 'Ann' }]))!;
    expect(top).toBeGreaterThan(30);
    expect(top).toBeLessThan(45);
    expect((await mark([{ box: box(50, 0, 80), label: 'Ann' }]))![3]).toBe(79);
    const right = (await mark([{ box: box(185, 60, 15), label: 'a long name' }]))!;
    expect(right[0]).toBeLessThan(150);
    expect(right[2]).toBe(199);
    for (const at of [box(-40, -40, 80), box(170, 170, 80)]) {
      const after = await drawFaces(picture(), [{ box: at, label: 'over the edge' }]);
      expect(after.data.every(Number.isFinite)).toBe(true);
    }
  });

  it('unknown faces are grey and dashed', async () => {
    const before = picture();
    const known = await drawFaces(before, [{ box: box(50, 60, 80) }]);
    const unknown = await drawFaces(before, [{ box: box(50, 60, 80), kind: 'unknown' }]);
    const greys = (image: RgbImage) =>
      Array.from({ length: 60 }, (_, i) => pixel(image, 51, 70 + i)).filter(
        ([r, g, b]) => Math.abs(r! - g!) < 0.02 && Math.abs(g! - b!) < 0.02,
      ).length;
    expect(greys(known)).toBe(0);
    expect(greys(unknown)).toBe(60);
    expect(new Set(Array.from({ length: 60 }, (_, i) => pixel(unknown, 51, 70 + i)[0])).size).toBeGreaterThan(
      1,
    );
  });

  it('landmarks lie about the centres of their pixels', async () => {
    const face = { box: box(50, 60, 80), landmarks: [{ x: 90, y: 100 }] };
    const before = picture();
    const plain = await drawFaces(before, [{ box: face.box }]);
    const [left, top, right, bottom] = changed(plain, await drawFaces(before, [face]))!;
    expect([(left! + right!) / 2, (top! + bottom!) / 2]).toEqual([90, 100]);
  });

  it('transparent pictures stay so, but for the marks', async () => {
    const clear = picture(200, 0);
    const { alpha } = await drawFaces(clear, [{ box: box(50, 60, 80) }]);
    expect(alpha![100 * 200 + 100]).toBe(0);
    expect(alpha![100 * 200 + 51]).toBeGreaterThan(0.8);
  });

  it('nothing to draw changes nothing; a box that is none is refused', async () => {
    expect(await mark([])).toBeUndefined();
    expect(await mark([{ box: box(500, 500, 10), label: 'elsewhere' }])).toBeUndefined();
    await expect(drawFaces(picture(), [{ box: box(Number.NaN, 0, 10) }])).rejects.toThrow(
      /^draw: the box of face 1 must be finite, got NaN, 0, 10 x 10$/,
    );
  });
});
