import { expect, it } from 'vitest';
import { caseTensors, recordForward } from '../../harness/record.js';
import { PLAIN_TARGET, type Target } from '../../src/gpu/kernel.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import type { OpSpec } from '../../src/kernels/op.js';

it.each([
  ['4 lanes', { cpu: true, subgroupSize: 4 }],
  ['8 lanes', { cpu: true, subgroupSize: 8 }],
  ['16 lanes', { cpu: true, subgroupSize: 16 }],
  ['a CPU without subgroups', { cpu: true, subgroupSize: 0 }],
  ['a GPU', { cpu: false, subgroupSize: 0 }],
])('batches keep every grid within the adapter, and no smaller than need be: %s', (_name, kind) => {
  const target: Target = { ...PLAIN_TARGET, ...kind, maxWorkgroups: 30 };
  const workgroup = kind.cpu ? kind.subgroupSize || 8 : 64;
  const op = conv2d as unknown as OpSpec<unknown>;
  // 101 x 101 tiles of one block of channels: scratch is no limit.
  const inputs = caseTensors(op, { x: [1, 4, 202, 202], weight: [4, 4, 3, 3], bias: [4] });
  const { dispatches } = recordForward(op, { stride: 1, pad: 1, algorithm: 'winograd2' }, inputs, target);
  const filterless = dispatches.filter(({ kernel }) => kernel.name !== 'winograd_filter');
  const outputs = dispatches.filter(({ kernel }) => kernel.name === 'winograd_output');
  expect(outputs).toHaveLength(Math.ceil(101 ** 2 / (30 * workgroup)));
  for (const { workgroups } of filterless) expect(Math.max(...workgroups)).toBeLessThanOrEqual(30);
});
