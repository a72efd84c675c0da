// Convolutions on GPUs whose subgroups multiply small matrices as one operation, f16 factors into f32 sums.
import {
  type ConvMatrixVariant,
  conv2dMatrix,
  MATRIX_BLOCKS,
  MATRIX_PIXELS,
} from '../../shaders/conv2d_matrix.wgsl.js';
import { KernelError } from '../base/errors.js';
import { HALO } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, type MatrixShape, type Target } from '../gpu/kernel.js';
import {
  type ConvOperands,
  type ConvStep,
  epilogueOf,
  halfOperands,
  IMPLICIT_PARAMS,
  implicitGrid,
} from './conv-tiled.js';
import { FINISHES, finishBindings, UNFINISHED } from './finish.js';
import type { OpContext } from './op.js';

/** A product [m,k] x [k,n], named m x n x k. */
export type MatrixName = `${number}x${number}x${number}`;

const base: ConvMatrixVariant = {
  m: 16,
  n: 16,
  k: 16,
  lanes: 32,
  pinned: false,
  emulate: false,
  inside: true,
  bias: true,
  relu: true,
  ...UNFINISHED,
};

export const conv2dMatrixKernel: KernelSpec<ConvMatrixVariant> = {
  name: 'conv2d_matrix',
  bindings: (v) => ({
    x: 'read',
    weight: 'read',
    scaleX: 'read',
    scaleW: 'read',
    ...(v.bias ? { bias: 'read' as const } : {}),
    y: 'read_write',
    ...finishBindings(v),
  }),
  params: IMPLICIT_PARAMS,
  shader: conv2dMatrix,
  // All pinned or emulated: a shader that is neither compiles only where its workgroups are long enough.
  variants: [
    { ...base, pinned: true },
    { ...base, pinned: true, m: 8, n: 8, k: 8, inside: false },
    { ...base, pinned: true, m: 8, n: 16, k: 16, lanes: 16, bias: false, relu: false },
    { ...base, pinned: true, lanes: 64 },
    { ...base, emulate: true },
    ...FINISHES.map((finish) => ({ ...base, pinned: true, bias: false, relu: false, ...finish })),
  ],
};

/** Sides that divide a subgroup's part of the workgroup's tile, and subgroups of which four share the loads evenly. */
function usable({ m, n, k, subgroup }: MatrixShape): boolean {
  const divides = (side: number) => side >= 4 && 32 % side === 0;
  return [m, n, k].every(divides) && [16, 32, 64].includes(subgroup);
}

/** Names of the adapter's products that conv2d_matrix can use. */
export function matrixNames(target: Target): MatrixName[] {
  const fitting = target.matrices.filter(
    (shape) =>
      usable(shape) && 4 * shape.subgroup <= target.maxWorkgroupThreads && target.maxSharedBytes >= 16384,
  );
  return [...new Set(fitting.map(nameOf))];
}

function nameOf({ m, n, k }: MatrixShape): MatrixName {
  return `${m}x${n}x${k}`;
}

/** The convolution by the products of subgroups; KernelError where the adapter has none of this shape. */
export function matrixDispatches(
  label: string,
  ctx: OpContext,
  t: ConvOperands,
  attrs: ConvStep,
  name: MatrixName,
): Dispatch<Tensor>[] {
  const shape = ctx.target.matrices.find((candidate) => nameOf(candidate) === name && usable(candidate));
  if (!shape) throw new KernelError(`${label}: the adapter has no product of matrices ${name}`);
  const { m, n, k, subgroup, emulated } = shape;
  const { params, workgroups } = implicitGrid(label, ctx.target, t, attrs, MATRIX_PIXELS, MATRIX_BLOCKS);
  const halves = halfOperands(label, ctx, t);
  const variant = {
    m,
    n,
    k,
    lanes: subgroup,
    pinned: ctx.target.subgroupSize !== subgroup && !emulated,
    emulate: emulated ?? false,
    inside: attrs.pad <= HALO,
    ...epilogueOf(t, attrs),
  };
  return [
    ...halves.dispatches,
    dispatch(conv2dMatrixKernel, variant, label, halves.operands, params, workgroups),
  ];
}
