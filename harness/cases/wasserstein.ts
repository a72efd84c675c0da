import { symmetricSqrt } from '../../src/base/linalg.js';
import { normal } from '../../src/base/random.js';
import { w2Covariance } from '../../src/kernels/wasserstein.js';
import { w2CovarianceReference } from '../../src/reference/wasserstein.js';
import { family } from './family.js';

/** A covariance of C variables mixed from C sources whose deviations fall from 1 to `decay`. */
function covariance(c: number, decay: number, seed: number): Float64Array {
  const mixed = Array.from({ length: c }, (_, i) =>
    Array.from({ length: c }, (_v, k) => (normal(seed, i * c + k) / Math.sqrt(c)) * decay ** (k / c)),
  );
  return Float64Array.from({ length: c * c }, (_, at) =>
    mixed[Math.floor(at / c)]!.reduce((sum, value, k) => sum + value * mixed[at % c]![k]!, 0),
  );
}

export const w2CovarianceFamily = family({
  op: w2Covariance,
  reference: w2CovarianceReference,
  build(p) {
    const c = p.number('C');
    const decay = p.number('decay', 1);
    const size = p.number('size', 1);
    const cov = covariance(c, decay, 1);
    const root = symmetricSqrt(covariance(c, decay, 2), c);
    const eps = p.number('eps', 1e-7);
    return {
      shapes: { cov: [c, c], targetRoot: [c, c] },
      attrs: { scale: p.number('scale', 1), eps },
      values: {
        cov: (_n: number, i: number) => size * cov[i]!,
        targetRoot: (_n: number, i: number) => root[i]!,
      },
    };
  },
  cases: [
    'C=3;scale=0.5',
    'C=1',
    'C=8;decay=0.1',
    'C=21;decay=0.01',
    'C=16;decay=0.01;size=100;eps=1e-6',
    'C=48;decay=0.001;size=0.01',
  ],
  // With an eps that keeps epsilon off its floor, whose slope the gradient leaves out.
  gradients: ['C=3;scale=0.5;eps=1e-5', 'C=4;decay=0.1;eps=1e-4'],
  bench: ['C=64', 'C=128', 'C=256'],
});
