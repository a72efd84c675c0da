import { hash32 } from '../../src/base/random.js';
import { type Miner, mineNegatives, tripletCounts, tripletLoss } from '../../src/kernels/triplet.js';
import {
  mineNegativesReference,
  tripletCountsReference,
  tripletLossReference,
} from '../../src/reference/triplet.js';
import { type CaseParams, family } from './family.js';

/** Squared distances are not negative; the miners do not ask for more. */
const distances = (normal: number) => Math.fround(Math.abs(normal));

/** A negative for about two of three pairs, whatever the labels: the loss takes what it is given. */
const negatives = (n: number) => (_normal: number, i: number) => {
  const word = hash32(11, i);
  return word % 3 === 0 ? -1 : (word >>> 8) % n;
};

const marginOf = (p: CaseParams) => p.number('margin', 0.25);

/** N pictures of `people`: in runs, or with `mixed` one after the other. `tied` makes many distances equal. */
export const mineNegativesFamily = family({
  op: mineNegatives,
  reference: mineNegativesReference,
  build(p) {
    const n = p.number('N');
    const people = p.number('people');
    const [mixed, tied] = [p.flag('mixed'), p.flag('tied')];
    const labels = (_normal: number, i: number) => (mixed ? i % people : Math.floor((i * people) / n));
    const mode = p.word('mode', 'random') as Miner;
    return {
      shapes: { distances: [n, n], labels: [n] },
      attrs: { mode, margin: marginOf(p), seed: p.number('seed', 1) },
      values: { labels, distances: tied ? (normal) => Math.round(4 * Math.abs(normal)) / 4 : distances },
    };
  },
  cases: [
    'N=1;people=1',
    'N=6;people=1',
    'N=6;people=6;mode=hard',
    'N=7;people=3;mixed',
    'N=97;people=24;seed=4000000000',
    'N=97;people=24;mode=in-margin;mixed',
    'N=30;people=10;mode=in-margin;margin=0.01',
    'N=97;people=24;mode=semi-hard',
    'N=30;people=10;mode=semi-hard;tied',
    'N=97;people=24;mode=hard;mixed',
    'N=30;people=10;mode=hard;tied',
  ],
  gradients: [],
  bench: ['N=96;people=24;mode=semi-hard', 'N=480;people=12;mode=semi-hard', 'N=96;people=24;mode=hard'],
});

export const tripletCountsFamily = family({
  op: tripletCounts,
  reference: tripletCountsReference,
  build(p) {
    const n = p.number('N');
    return {
      shapes: { distances: [n, n], negatives: [n, n] },
      attrs: { margin: marginOf(p) },
      values: { distances, negatives: negatives(n) },
    };
  },
  cases: ['N=1', 'N=5', 'N=97;margin=0', 'N=70;margin=3'],
  gradients: [],
  bench: ['N=96', 'N=480'],
});

export const tripletLossFamily = family({
  op: tripletLoss,
  reference: tripletLossReference,
  build(p) {
    const n = p.number('N');
    const mean = p.flag('valid') ? ('valid' as const) : ('active' as const);
    // As many as there may be, so that the loss has the size of a mean; `none` divides by 1 instead of by 0.
    const counts = p.flag('none') ? () => 0 : (_normal: number, i: number) => (i === 0 ? 0.6 : 0.3) * n * n;
    return {
      shapes: { distances: [n, n], negatives: [n, n], counts: [8] },
      attrs: { margin: marginOf(p), mean },
      values: { distances, negatives: negatives(n), counts },
    };
  },
  cases: ['N=1', 'N=5;none', 'N=6;valid;margin=0', 'N=97', 'N=70;valid;margin=3'],
  gradients: ['N=4', 'N=5;valid;margin=1'],
  bench: ['N=96', 'N=480'],
});
