// Searches through the GPU against the same searches in float64.
import { describe, expect, it } from 'vitest';
import { GpuNearest } from '../../../src/faces/gallery/gpu-nearest.js';
import { Snapshot } from '../../../src/faces/gallery/search.js';
import { useDevice } from '../../kernels/shared.js';
import { direction, unit } from './samples.js';

const held = useDevice();
const ROWS = 3000;

/** People have five samples about one direction each, so that neighbours are close together. */
function snapshot(): Snapshot {
  const vectors = new Float32Array(ROWS * 128);
  for (let row = 0; row < ROWS; row++) {
    const [own, noise] = [direction(Math.floor(row / 5)), direction(10_000 + row)];
    vectors.set(unit(own.map((v, i) => v + 0.4 * noise[i]!)), row * 128);
  }
  const ids = Array.from({ length: ROWS }, (_, row) => `s${row}`);
  const people = ids.map((_, row) => `p${Math.floor(row / 5)}`);
  return new Snapshot({ ids, people, vectors }, 0.5, 'test');
}

describe('GpuNearest', () => {
  it('gives the same neighbours and people as float64, to the bit', async () => {
    const gallery = snapshot();
    const gpu = GpuNearest.open(held.device, gallery.page.vectors);
    try {
      for (let probe = 0; probe < 20; probe++) {
        const noise = direction(20_000 + probe);
        const query = unit(direction(probe * 7).map((v, i) => v + 0.4 * noise[i]!));
        expect(await gallery.search(query, 10, gpu.nearest)).toEqual(await gallery.search(query, 10));
        const options = { k: 5 };
        const exact = await gallery.identify(query, options);
        expect(await gallery.identify(query, { ...options, nearest: gpu.nearest })).toEqual(exact);
      }
      // More than the kernel's 64 candidates.
      const query = direction(3);
      expect(await gallery.search(query, 200, gpu.nearest)).toEqual(await gallery.search(query, 200));
      await expect(snapshot().search(query, 1, gpu.nearest)).rejects.toThrow(/another snapshot/);
      // Many at once, some of them more than one by one are answered together.
      const many = Array.from({ length: 37 }, (_, i) => direction(50_000 + i));
      expect(await Promise.all(many.map((one) => gallery.search(one, 3, gpu.nearest)))).toEqual(
        await Promise.all(many.map((one) => gallery.search(one, 3))),
      );
    } finally {
      await gpu.destroy();
    }
  });

  it('goes by the rule where more rows are as near than the kernel gives', async () => {
    const { page } = snapshot();
    // The same face under a hundred names, the first by name last; and one that is nearer by less than f32 tells.
    for (let row = 0; row < 100; row++) page.vectors.set(direction(1), 128 * row);
    const query = unit(direction(1).map((v, i) => v + 0.1 * direction(2)[i]!));
    const people = page.people.map((name, row) => (row < 100 ? `q${100 + ((99 - row) % 100)}` : name));
    const axis = query.findIndex((v, i) => v > page.vectors[i]!);
    const near = Math.fround(page.vectors[axis]! * (1 + Math.sign(page.vectors[axis]!) * 2 ** -23));
    page.vectors[128 * 99 + axis] = near;
    const gallery = new Snapshot({ ...page, people }, 0.5, 'test');
    const gpu = GpuNearest.open(held.device, page.vectors);
    try {
      for (const k of [1, 5, 20]) {
        const exact = await gallery.search(query, k);
        expect(exact[0]!.id).toBe('s99');
        expect(await gallery.search(query, k, gpu.nearest)).toEqual(exact);
        expect(await gallery.identify(query, { k, nearest: gpu.nearest })).toEqual(
          await gallery.identify(query, { k }),
        );
      }
    } finally {
      await gpu.destroy();
    }
  });
});
