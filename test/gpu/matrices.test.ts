import { expect, it } from 'vitest';
import { MATRIX_FEATURE, matrixShapes, SIZE_FEATURE } from '../../src/gpu/matrices.js';

const all = new Set([MATRIX_FEATURE, SIZE_FEATURE, 'shader-f16', 'subgroups']);
const config = (M: number, N: number, K: number, componentType = 'f16', resultComponentType = 'f32') => ({
  M,
  N,
  K,
  componentType,
  resultComponentType,
});
const info = {
  subgroupMinSize: 32,
  subgroupMaxSize: 32,
  subgroupMatrixConfigs: [
    config(16, 16, 16),
    config(8, 16, 16, 'f16', 'f16'),
    config(16, 16, 32, 'u8', 'u32'),
  ],
};
const without = (name: string) => new Set([...all].filter((feature) => feature !== name));

it('takes f16 factors with f32 sums, and no others', () => {
  expect(matrixShapes(info, all)).toEqual([{ m: 16, n: 16, k: 16, subgroup: 32 }]);
});

it('takes none where a feature or the list is missing', () => {
  for (const name of [MATRIX_FEATURE, 'shader-f16', 'subgroups'])
    expect(matrixShapes(info, without(name))).toEqual([]);
  expect(matrixShapes({ subgroupMinSize: 32, subgroupMaxSize: 32 }, all)).toEqual([]);
  expect(matrixShapes({}, all)).toEqual([]);
});

it('takes several sizes of subgroups only where one can be asked for', () => {
  const several = { ...info, subgroupMinSize: 8 };
  expect(matrixShapes(several, all)).toHaveLength(1);
  expect(matrixShapes(several, without(SIZE_FEATURE))).toEqual([]);
});
