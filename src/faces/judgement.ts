// By which threshold and with which probabilities distances are judged: the user's, the collection's, or the net's.
import { InputError } from '../base/errors.js';
import { type Calibration, parseCalibration, sameProbability } from './evaluation/calibration.js';
import type { CollectionFacts } from './gallery/types.js';
import type { Embedder } from './models.js';

/** How distances are judged. */
export interface Judgement {
  readonly threshold: number;
  /** Null where nobody fitted one. */
  readonly calibration: Calibration | null;
}

/** InputError, beginning with `name`, where it is no distance of embeddings. */
export function checkThreshold(threshold: number, name = 'the threshold'): void {
  if (threshold > 0 && threshold <= 4) return;
  throw new InputError(
    `${name} is a squared L2 of vectors of length 1, above 0 and at most 4, got ${threshold}`,
  );
}

/**
 * The user's threshold, else the collection's, else the net's for that purpose. InputError where the user's is none, or
 * the collection's calibration cannot be read.
 */
export function judgementOf(
  embedder: Embedder,
  purpose: 'verify' | 'search',
  facts: Pick<CollectionFacts, 'name' | 'threshold' | 'calibration'> | undefined,
  threshold?: number | undefined,
): Judgement {
  if (threshold !== undefined) checkThreshold(threshold);
  const fitted = facts?.calibration ? parseCalibration(facts.calibration, `collection ${facts.name}`) : null;
  return {
    threshold:
      threshold ?? facts?.threshold ?? (purpose === 'verify' ? embedder.threshold : embedder.searchThreshold),
    calibration: fitted ?? embedder.calibration ?? null,
  };
}

/** Probability of one person at this distance; null without a calibration. */
export function probabilityAt({ calibration }: Judgement, distance: number): number | null {
  return calibration && sameProbability(calibration, distance);
}
