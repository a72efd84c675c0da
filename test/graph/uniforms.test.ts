import { expect, it } from 'vitest';
import { KernelError } from '../../src/base/errors.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { encodeParams } from '../../src/graph/uniforms.js';

const kernel: KernelSpec = {
  name: 'demo',
  bindings: () => ({}),
  params: { count: 'u32', scale: 'f32', last: 'u32' },
  shader: () => '',
  variants: [{}],
};
const demo = (params: Record<string, number>): Dispatch<never> =>
  dispatch(kernel, {}, 'demo at layer', {}, params, [1, 1, 1]);

it('writes params in the kernel’s order, whatever order they come in, padded to 16 bytes', () => {
  const words = encodeParams(demo({ last: 0xffffffff, scale: -1.5, count: 7 }));
  expect([...words]).toEqual([7, 0xbfc00000, 0xffffffff, 0]);
});

it.each([
  [{ count: 1, last: 2 }, 'param scale is missing'],
  [{ count: -1, scale: 0, last: 0 }, 'param count must be a u32, got -1'],
  [{ count: 0.5, scale: 0, last: 0 }, 'param count must be a u32, got 0.5'],
  [{ count: 2 ** 32, scale: 0, last: 0 }, 'param count must be a u32, got 4294967296'],
  [{ count: 1, scale: Number.NaN, last: 0 }, 'param scale is NaN'],
  [{ count: 1, scale: 1, last: 0, rate: 1 }, 'demo has no param rate; it has count, scale, last'],
] as [Record<string, number>, string][])('%j: %s', (params, message) => {
  expect(() => encodeParams(demo(params))).toThrow(new KernelError(`demo at layer: ${message}`));
});

it('folds a linear grid over y beyond the limit of one dimension, covering every index once', () => {
  const target = { ...PLAIN_TARGET, maxWorkgroups: 4 };
  for (const count of [1, 64, 65, 256, 257, 1000]) {
    const { workgroups, stride } = linearGrid(count, target);
    expect(workgroups[0]).toBeLessThanOrEqual(4);
    expect(stride).toBe(workgroups[0] * 64);
    expect(stride * workgroups[1]).toBeGreaterThanOrEqual(count);
    expect(stride * (workgroups[1] - 1)).toBeLessThan(count);
  }
});
