// What the faces page computes apart from the GPU: the contract of its nets, and the map.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFaceModels } from '../../harness/node/faces/models.js';
import { readFaceModels } from '../../harness/web/face-weights.js';
import { embeddingMap } from '../../harness/web/studio/faces/embedding-map.js';
import { sha256Hex } from '../../src/platform/browser-download.js';
import { atAngle, direction, unit } from '../faces/gallery/samples.js';

const models = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'model',
);

it('a browser pins the contract that Node pins, from files with the hashes that are written down', async () => {
  const read = async ({ file, sha256, bytes }: { file: string; sha256: string; bytes: number }) => {
    const content = new Uint8Array(await readFile(join(models, file)));
    expect([content.length, await sha256Hex(content)]).toEqual([bytes, sha256]);
    return content;
  };
  const { contract } = await readFaceModels(read);
  expect(contract).toEqual((await loadFaceModels()).contract);
});

/** Vectors of length 1 about some directions, `count` of each. */
function crowds(count: number): Float32Array {
  const all = [1, 2, 3].flatMap((crowd) =>
    Array.from({ length: count }, (_, i) => {
      const [middle, own] = [direction(crowd), direction(100 * crowd + i)];
      return unit(middle.map((value, at) => value + 0.15 * own[at]!));
    }),
  );
  const out = new Float32Array(all.length * 128);
  for (const [i, vector] of all.entries()) out.set(vector, i * 128);
  return out;
}

describe('the map of embeddings', () => {
  it('shows by PCA the plane that points lie in, in their own proportions', async () => {
    // On an arc of a half circle: twice as wide as high.
    const count = 181;
    const vectors = new Float32Array(128 * count);
    for (let i = 0; i < count; i++) vectors.set(atAngle((i * Math.PI) / 180), 128 * i);
    const plane = await embeddingMap(vectors, 128, 'pca');
    const extent = (axis: 0 | 1) => {
      const all = plane.map((point) => point[axis]);
      return Math.max(...all) - Math.min(...all);
    };
    expect(extent(0)).toBeCloseTo(1, 5);
    expect(extent(1)).toBeCloseTo(0.5, 3);
  });

  it.each(['pca', 'umap'] as const)(
    'keeps three crowds apart by %s, and is the same again',
    async (method) => {
      const vectors = crowds(10);
      const plane = await embeddingMap(vectors, 128, method);
      for (const [i, a] of plane.entries()) {
        const nearest = plane
          .map((b, j) => ({ j, far: Math.hypot(a[0] - b[0], a[1] - b[1]) }))
          .filter(({ j }) => j !== i)
          .sort((p, q) => p.far - q.far)[0]!;
        expect(Math.floor(nearest.j / 10)).toBe(Math.floor(i / 10));
      }
      expect(await embeddingMap(vectors, 128, method)).toEqual(plane);
    },
  );

  it('shows one sample, and a few where UMAP has no neighbourhoods to keep', async () => {
    expect(await embeddingMap(direction(1), 128, 'pca')).toEqual([[0.5, 0.5]]);
    const few = crowds(2);
    expect(await embeddingMap(few, 128, 'umap')).toEqual(await embeddingMap(few, 128, 'pca'));
  });
});
