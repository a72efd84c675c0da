// Embeddings on a plane: the two directions in which they spread most, or neighbourhoods kept (UMAP, arXiv 1802.03426).
import { symmetricEigen } from '../../../../src/base/linalg.js';
import { uniform } from '../../../../src/base/random.js';

export type MapMethod = 'pca' | 'umap';

/** So many neighbours are kept together, UMAP's own default. */
const NEIGHBOURS = 15;
/** Fewer samples have no neighbourhoods to keep; they are shown by PCA. */
export const FEWEST_FOR_UMAP = 8;
const SEED = 1;

/** Row i of `vectors` [n,d] -> [x, y], scaled into 0..1 with one scale for both; the same for the same vectors. */
export async function embeddingMap(
  vectors: Float32Array,
  dimension: number,
  method: MapMethod,
): Promise<readonly (readonly [number, number])[]> {
  const count = vectors.length / dimension;
  const rows = Array.from({ length: count }, (_, i) => vectors.subarray(i * dimension, (i + 1) * dimension));
  const plane =
    method === 'umap' && count >= FEWEST_FOR_UMAP ? await neighbourhoods(rows) : principal(rows, dimension);
  return fitted(plane);
}

/** Principal components: the eigenvectors of the covariance with the two largest eigenvalues. */
function principal(rows: readonly Float32Array[], d: number): [number, number][] {
  const mean = new Float64Array(d);
  for (const row of rows) for (let i = 0; i < d; i++) mean[i]! += row[i]! / rows.length;
  const covariance = new Float64Array(d * d);
  for (const row of rows)
    for (let i = 0; i < d; i++) {
      const left = row[i]! - mean[i]!;
      for (let j = 0; j <= i; j++) {
        const value = (left * (row[j]! - mean[j]!)) / rows.length;
        covariance[i * d + j]! += value;
        if (j !== i) covariance[j * d + i]! += value;
      }
    }
  const { values, vectors } = symmetricEigen(covariance, d);
  const [first, second] = [...values.keys()].sort((a, b) => values[b]! - values[a]!);
  const along = (row: Float32Array, k: number) => {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += (row[i]! - mean[i]!) * vectors[k * d + i]!;
    return sum;
  };
  return rows.map((row) => [along(row, first!), along(row, second!)]);
}

async function neighbourhoods(rows: readonly Float32Array[]): Promise<[number, number][]> {
  const { UMAP } = await import('./umap.js');
  let at = 0;
  const umap = new UMAP({
    nComponents: 2,
    nNeighbors: Math.min(NEIGHBOURS, rows.length - 1),
    random: () => uniform(SEED, at++),
  });
  return umap.fit(rows.map((row) => Array.from(row))) as [number, number][];
}

function fitted(plane: readonly (readonly [number, number])[]): [number, number][] {
  const xs = plane.map(([x]) => x);
  const ys = plane.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const extent = Math.max(Math.max(...xs) - left, Math.max(...ys) - top) || 1;
  const [dx, dy] = [Math.max(...xs) - left, Math.max(...ys) - top].map((own) => (extent - own) / 2);
  return plane.map(([x, y]) => [(x - left + dx!) / extent, (y - top + dy!) / extent]);
}
