import { hash32 } from '../../src/base/random.js';
import { pixelRows } from '../../src/kernels/pixel-rows.js';
import { pixelRowsReference } from '../../src/reference/pixel-rows.js';
import { family } from './family.js';

export const pixelRowsFamily = family({
  op: pixelRows,
  reference: pixelRowsReference,
  // Each picture's grid begins anywhere that leaves room for it.
  build(p) {
    const [N, H, W] = [p.number('N', 1), p.number('H'), p.number('W')];
    const attrs = { rows: p.number('rows'), columns: p.number('columns'), step: p.number('step', 1) };
    const room = [H - (attrs.rows - 1) * attrs.step, W - (attrs.columns - 1) * attrs.step];
    const at = (_normal: number, i: number) => hash32(5, i) % room[i % 2]!;
    return { shapes: { x: [N, p.number('C'), H, W], at: [N, 2] }, attrs, values: { at } };
  },
  cases: [
    'C=3;H=5;W=7;rows=2;columns=3;step=2',
    'N=3;C=5;H=9;W=17;rows=3;columns=4;step=3',
    'N=2;C=4;H=6;W=6;rows=6;columns=6',
    'C=1;H=1;W=1;rows=1;columns=1',
    'N=4;C=17;H=12;W=33;rows=1;columns=5;step=4',
  ],
  gradients: ['N=2;C=3;H=5;W=4;rows=2;columns=2;step=2'],
  bench: ['N=16;C=64;H=96;W=96;rows=6;columns=6;step=16', 'N=16;C=512;H=12;W=12;rows=6;columns=6;step=2'],
});
