import { kernelError } from '../../src/kernels/kernel-error.js';
import { kernelErrorReference } from '../../src/reference/kernel-error.js';
import { family } from './family.js';

export const kernelErrorFamily = family({
  op: kernelError,
  reference: kernelErrorReference,
  // Both rectified, as taps are, or with columns of either sign, as centred ones have.
  build(p) {
    const M = p.number('M');
    const signed = p.flag('signed');
    const x = (normal: number) => (signed ? normal : Math.max(0, normal));
    const D = p.number('D');
    const energy = (normal: number) => (M * D) ** 2 * (1 + Math.abs(normal));
    const shapes = { x: [M, p.number('C')], target: [M, D], energy: [1] };
    return { shapes, attrs: {}, values: { x, target: x, energy } };
  },
  cases: ['M=3;C=2;D=5', 'M=17;C=5;D=9', 'M=40;C=16;D=33;signed', 'M=100;C=64;D=16', 'M=65;C=7;D=7;signed'],
  gradients: ['M=4;C=3;D=2', 'M=5;C=2;D=3;signed'],
  bench: ['M=576;C=16;D=64', 'M=576;C=128;D=512'],
});
