import { expect, it } from 'vitest';
import { pad2dFamily } from '../../harness/cases/pad2d.js';
import { ShapeError } from '../../src/base/errors.js';
import { type PadAttrs, pad2d } from '../../src/kernels/pad2d.js';
import { ndarray } from '../../src/reference/array.js';
import { pad2dReference } from '../../src/reference/pad2d.js';
import { checkFamily } from './shared.js';

const none = { top: 0, bottom: 0, left: 0, right: 0, mode: 'zero' } as const;
const x = ndarray([1, 1, 1, 3], [1, 2, 3]);
const ones = ndarray([1, 1, 1, 7], [1, 1, 1, 1, 1, 1, 1]);

it.each([
  ['zero', [0, 0, 1, 2, 3, 0, 0], [1, 1, 1]],
  ['replicate', [1, 1, 1, 2, 3, 3, 3], [3, 1, 3]],
  ['reflect', [3, 2, 1, 2, 3, 2, 1], [2, 3, 2]],
] as const)('pad2d %s by hand', (mode, expected, gradient) => {
  const attrs = { ...none, left: 2, right: 2, mode };
  const y = pad2dReference.forward({ x }, attrs);
  expect([...y.data]).toEqual(expected);
  expect([...pad2dReference.backward.x!({ x }, y, ones, attrs).data]).toEqual(gradient);
});

it.each<[Partial<PadAttrs>, string]>([
  [{ top: -1 }, 'top must be a non-negative integer, got -1'],
  [{ right: 0.5 }, 'right must be a non-negative integer, got 0.5'],
  [{ bottom: 4, mode: 'reflect' }, 'bottom (4) must be less than the 4 pixels that it reflects; x [1,3,4,5]'],
])('refuses %o', (attrs, rule) => {
  expect(() => pad2d.output({ x: [1, 3, 4, 5] }, { ...none, ...attrs }, 'pad1_1')).toThrow(
    new ShapeError(`pad2d at pad1_1: ${rule}`),
  );
});

checkFamily(pad2dFamily);
