// Which products of small matrices the adapter's subgroups compute as one operation.
import type { MatrixShape } from './kernel.js';

/** Products of matrices by subgroups: an extension of Chromium's, off unless Dawn allows unsafe features. */
export const MATRIX_FEATURE = 'chromium-experimental-subgroup-matrix';
/** Asking for subgroups of a certain size. */
export const SIZE_FEATURE = 'subgroup-size-control';

/** One entry of `adapter.info.subgroupMatrixConfigs`, as Dawn reports it. */
export interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** What is read of a GPUAdapterInfo. */
export interface MatrixInfo {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
  readonly subgroupMatrixConfigs?: readonly MatrixConfig[] | undefined;
}

/**
 * The adapter's products of f16 factors into f32 sums. None where the device lacks the feature or f16, or where
 * subgroups have several sizes and none can be asked for: a kernel must know how many share its work.
 */
export function matrixShapes(info: MatrixInfo, features: { has(name: string): boolean }): MatrixShape[] {
  const { subgroupMinSize = 0, subgroupMaxSize = 0, subgroupMatrixConfigs = [] } = info;
  if (![MATRIX_FEATURE, 'shader-f16', 'subgroups'].every((name) => features.has(name))) return [];
  if (subgroupMinSize !== subgroupMaxSize && !features.has(SIZE_FEATURE)) return [];
  return subgroupMatrixConfigs
    .filter(
      ({ componentType, resultComponentType }) => componentType === 'f16' && resultComponentType === 'f32',
    )
    .map(({ M, N, K }) => ({ m: M, n: N, k: K, subgroup: subgroupMaxSize }));
}
