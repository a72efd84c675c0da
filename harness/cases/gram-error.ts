import { gramError } from '../../src/kernels/gram-error.js';
import { gramErrorReference } from '../../src/reference/gram-error.js';
import { family } from './family.js';

export const gramErrorFamily = family({
  op: gramError,
  reference: gramErrorReference,
  // B blocks of n rows; the target is rectified, as taps are, and the energies are any.
  build(p) {
    const [B, n, C] = [p.number('B', 1), p.number('n'), p.number('C')];
    const target = (normal: number) => Math.max(0, normal);
    const energy = (normal: number) => n * n * C * C * (1 + Math.abs(normal));
    const shapes = { x: [B * n, C], target: [B * n, C], energy: [B] };
    return { shapes, attrs: { block: n }, values: { target, energy } };
  },
  cases: ['n=1;C=1', 'n=5;C=3', 'B=3;n=4;C=7', 'B=5;n=9;C=33', 'B=2;n=36;C=16', 'B=70;n=2;C=5'],
  gradients: ['B=2;n=3;C=2', 'n=2;C=5'],
  bench: ['B=16;n=36;C=64', 'B=16;n=36;C=512', 'B=16;n=144;C=512'],
});
