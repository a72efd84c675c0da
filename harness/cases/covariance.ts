import { channelMean, globalAvgPool } from '../../src/kernels/channel-mean.js';
import { covariance } from '../../src/kernels/covariance.js';
import { channelMeanReference, globalAvgPoolReference } from '../../src/reference/channel-mean.js';
import { covarianceReference } from '../../src/reference/covariance.js';
import { type CaseParams, family } from './family.js';

/** `mean` moves every value: large means are what centring is for. */
function build(p: CaseParams) {
  const mean = p.number('mean', 0);
  return {
    shapes: { x: [p.number('N', 1), p.number('C'), p.number('H'), p.number('W')] },
    attrs: {},
    values: { x: (normal: number) => normal + mean },
  };
}

export const channelMeanFamily = family({
  op: channelMean,
  reference: channelMeanReference,
  build,
  cases: [
    'C=3;H=5;W=7',
    'C=1;H=1;W=1',
    'C=5;H=1;W=90;mean=100',
    'C=17;H=67;W=33',
    'C=64;H=300;W=7;mean=3',
    'C=3;H=300;W=301;mean=1',
  ],
  gradients: ['C=3;H=3;W=4'],
  bench: ['C=64;H=256;W=256', 'C=512;H=32;W=32'],
});

export const globalAvgPoolFamily = family({
  op: globalAvgPool,
  reference: globalAvgPoolReference,
  build,
  cases: [
    'C=3;H=5;W=7',
    'N=2;C=5;H=3;W=3;mean=10',
    'N=3;C=1;H=1;W=1',
    'N=2;C=17;H=67;W=33',
    'N=3;C=6;H=1;W=300;mean=3',
  ],
  gradients: ['N=2;C=3;H=2;W=3'],
  bench: ['C=736;H=3;W=3', 'N=16;C=736;H=3;W=3', 'N=16;C=256;H=4;W=4'],
});

export const covarianceFamily = family({
  op: covariance,
  reference: covarianceReference,
  build,
  cases: [
    'C=3;H=5;W=7',
    'C=1;H=1;W=2',
    'C=5;H=1;W=9;mean=1000',
    'C=12;H=33;W=31;mean=100',
    'C=17;H=4;W=5',
    'C=9;H=130;W=67;mean=10',
    'C=64;H=16;W=16;mean=1',
  ],
  gradients: ['C=3;H=4;W=3;mean=2'],
  bench: ['C=64;H=256;W=256', 'C=128;H=128;W=128', 'C=256;H=64;W=64', 'C=512;H=32;W=32'],
});
