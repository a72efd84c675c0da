import { geometryOf } from '../../src/base/layout.js';
import { normal } from '../../src/base/random.js';
import { ndarray } from '../../src/reference/array.js';
import type { SearchFamily } from './search.js';

/**
 * M rows and B queries of D values: `ties` makes them small whole numbers, whose distances are exact and often equal;
 * `near` puts every query but a hair's breadth from some row.
 */
export const topKFamily: SearchFamily = {
  name: 'top_k',
  build(p) {
    const [m, d, b] = [p.number('M'), p.number('D', 128), p.number('B', 1)];
    const rows = p.number('rows', m);
    const k = p.number('k', 1);
    const [exact, near] = [p.flag('ties'), p.flag('near')];
    const value = (seed: number, i: number) =>
      exact ? Math.round(normal(seed, i)) : Math.fround(normal(seed, i));
    const gallery = Float32Array.from({ length: m * d }, (_, i) => value(1, i));
    const queries = Float32Array.from({ length: b * d }, (_, i) => {
      const row = (Math.floor(i / d) * 37) % m;
      return near ? gallery[row * d + (i % d)]! * (1 + 1e-4 * normal(3, i)) : value(2, i);
    });
    return {
      queries: ndarray([b, d], queries),
      gallery: ndarray([m, d], gallery),
      rows,
      k,
      chunk: p.number('chunk', m),
      exact,
      cost: { flops: 3 * b * m * d, bytes: geometryOf([m, d], 'flat').bytes },
    };
  },
  cases: [
    'M=1;D=1',
    'M=7;D=5;B=2;k=3',
    'M=5;D=6;B=3;k=9',
    'M=300;D=128;B=5;k=10',
    'M=300;D=17;B=3;k=64;chunk=64',
    'M=700;D=128;B=16;k=5;near',
    'M=1000;D=3;B=4;k=33;ties',
    'M=1000;D=6;B=2;k=64;ties;chunk=128;rows=517',
    'M=40;D=4;B=1;k=7;rows=3',
    'M=9001;D=4;B=2;k=20',
    'M=40000;D=2;B=3;k=50;ties;chunk=4096',
  ],
  bench: ['M=20000;B=1;k=1', 'M=20000;B=16;k=10', 'M=20000;B=16;k=64'],
};
