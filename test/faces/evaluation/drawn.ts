// Distances drawn at random, as unit vectors of a face net give them: same people near 0.5, others near 1.4.
import { normal } from '../../../src/base/random.js';
import type { FoldedPair } from '../../../src/faces/evaluation/scores.js';

/** `perClass` pairs of each kind in each fold; `round` rounds distances to that many decimals, for ties. */
export function drawnPairs(folds: number, perClass: number, seed: number, round?: number): FoldedPair[] {
  return Array.from({ length: 2 * folds * perClass }, (_, i) => {
    const same = i % (2 * perClass) < perClass;
    const value = Math.min(4, Math.max(0, (same ? 0.6 : 1.4) + 0.3 * normal(seed, i)));
    const distance = round === undefined ? value : Number(value.toFixed(round));
    return { distance, same, fold: Math.floor(i / (2 * perClass)) };
  });
}
