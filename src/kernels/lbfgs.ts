// Kernels of L-BFGS: a ring of pairs (s, y), their inner products, and the recursion on coefficients.
import { type LbfgsCombineVariant, lbfgsCombine } from '../../shaders/lbfgs_combine.wgsl.js';
import { lbfgsDirection } from '../../shaders/lbfgs_direction.wgsl.js';
import { lbfgsProducts } from '../../shaders/lbfgs_products.wgsl.js';
import { type LbfgsStepVariant, lbfgsStep } from '../../shaders/lbfgs_step.wgsl.js';
import { lbfgsStore } from '../../shaders/lbfgs_store.wgsl.js';
import { geometryOf } from '../base/layout.js';
import { ceilDiv } from '../base/shape.js';
import { type Tensor, tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';
import { weightedAddDispatch } from './arithmetic.js';
import { partialSumDispatch } from './reduce.js';

/** Copies the candidate pair (s, y) into the ring's free slot. */
export const lbfgsStoreKernel: KernelSpec<Record<string, never>> = {
  name: 'lbfgs_store',
  bindings: () => ({ state: 'read', s: 'read', y: 'read', S: 'read_write', Y: 'read_write' }),
  params: { size: 'u32', stride: 'u32', first: 'u32', slots: 'u32' },
  shader: lbfgsStore,
  variants: [{}],
};

/** First stage of the inner products of the new pair and the gradient with every pair. */
export const lbfgsProductsKernel: KernelSpec<Record<string, never>> = {
  name: 'lbfgs_products',
  bindings: () => ({ s: 'read', y: 'read', gradient: 'read', S: 'read', Y: 'read', partials: 'read_write' }),
  params: { size: 'u32', stride: 'u32', first: 'u32', slots: 'u32', splits: 'u32', pitch: 'u32' },
  shader: lbfgsProducts,
  variants: [{}],
};

/** Accepts or drops the candidate, then runs the two-loop recursion on coefficients. */
export const lbfgsDirectionKernel: KernelSpec<Record<string, never>> = {
  name: 'lbfgs_direction',
  bindings: () => ({
    products: 'read',
    state: 'read_write',
    history: 'read_write',
    coefficients: 'read_write',
  }),
  params: { slots: 'u32', learningRate: 'f32' },
  shader: lbfgsDirection,
  variants: [{}],
};

/** The step u from coefficients, pairs and gradient, one group of slots at a time. */
export const lbfgsCombineKernel: KernelSpec<LbfgsCombineVariant> = {
  name: 'lbfgs_combine',
  bindings: (v): Bindings =>
    v.first
      ? { coefficients: 'read', S: 'read', Y: 'read', gradient: 'read', u: 'read_write' }
      : { coefficients: 'read', S: 'read', Y: 'read', u: 'read_write' },
  params: { size: 'u32', stride: 'u32', first: 'u32', slots: 'u32', total: 'u32' },
  shader: lbfgsCombine,
  variants: [{ first: true }, { first: false }],
};

/** x = clamp(x + u), and what it was before is remembered. */
export const lbfgsStepKernel: KernelSpec<LbfgsStepVariant> = {
  name: 'lbfgs_step',
  bindings: () => ({
    u: 'read',
    gradient: 'read',
    x: 'read_write',
    previous_x: 'read_write',
    previous_g: 'read_write',
  }),
  params: { size: 'u32', stride: 'u32', low: 'f32', high: 'f32' },
  shader: lbfgsStep,
  variants: [{ clamped: true }, { clamped: false }],
};

/** Slots of the ring that share two buffers, because one binding may not be large enough for all. */
export interface LbfgsGroup {
  readonly first: number;
  readonly slots: number;
  /** Pairs' steps and gradient changes, each [slots, physical floats]. */
  readonly S: Tensor;
  readonly Y: Tensor;
}

/** Everything that outlives a step, all pinned. */
export interface LbfgsMemory {
  readonly groups: readonly LbfgsGroup[];
  readonly previousX: Tensor;
  readonly previousG: Tensor;
  /** Started (0 or 1), next free slot, number of pairs, scale of the initial inverse Hessian: [4]. */
  readonly state: Tensor;
  /** Inner products S_i.Y_j and Y_i.Y_j: [2 * slots^2]. */
  readonly history: Tensor;
}

/** Length of a step along the direction, and bounds for x behind it. */
export interface LbfgsStepOptions {
  readonly learningRate: number;
  readonly clamp?: readonly [number, number] | undefined;
}

/** Most threads that share the sum of one inner product. */
const MAX_SPLITS = 512;
/** vec4 that one thread adds, at least. */
const RUN = 64;

/** One update of `x` from `gradient`; the same list every step, for all that changes lies in `memory`. */
export function lbfgsDispatches(
  label: string,
  target: Target,
  t: { x: Tensor; gradient: Tensor; memory: LbfgsMemory },
  { learningRate, clamp }: LbfgsStepOptions,
): Dispatch<Tensor>[] {
  const { x, gradient, memory } = t;
  const { groups, state, history, previousX, previousG } = memory;
  const { vec4s: size } = geometryOf(x.shape, x.layout);
  const like = (name: string) => tensor(`${x.name}.${name}`, x.shape, { layout: x.layout });
  const [s, y, u] = [like('s'), like('y'), like('u')];
  const total = groups.reduce((sum, group) => sum + group.slots, 0);
  const splits = Math.min(MAX_SPLITS, ceilDiv(size, RUN));
  const partials = tensor(`${x.name}.partials`, [splits, 8 * total]);
  const products = tensor(`${x.name}.products`, [8 * total]);
  const coefficients = tensor(`${x.name}.coefficients`, [3 * total + 1]);
  const grid = linearGrid(size, target);
  const { stride } = grid;

  const stores = groups.map(({ first, slots, S, Y }) =>
    dispatch(
      lbfgsStoreKernel,
      {},
      `${label} (store)`,
      { state, s, y, S, Y },
      { size, stride, first, slots },
      grid.workgroups,
    ),
  );
  const sums = groups.map(({ first, slots, S, Y }) => {
    const threads = linearGrid(slots * splits, target);
    const params = { size, stride: threads.stride, first, slots, splits, pitch: 2 * total };
    return dispatch(
      lbfgsProductsKernel,
      {},
      `${label} (products)`,
      { s, y, gradient, S, Y, partials },
      params,
      threads.workgroups,
    );
  });
  const combinations = groups.map(({ first, slots, S, Y }, i) =>
    dispatch(
      lbfgsCombineKernel,
      { first: i === 0 },
      `${label} (combine)`,
      i === 0 ? { coefficients, S, Y, gradient, u } : { coefficients, S, Y, u },
      { size, stride, first, slots, total },
      grid.workgroups,
    ),
  );
  const [low, high] = clamp ?? [0, 0];
  return [
    weightedAddDispatch(`${label} (s)`, target, s, x, 1, previousX, -1),
    weightedAddDispatch(`${label} (y)`, target, y, gradient, 1, previousG, -1),
    ...stores,
    ...sums,
    partialSumDispatch(`${label} (sum)`, target, partials, products, 1),
    dispatch(
      lbfgsDirectionKernel,
      {},
      `${label} (direction)`,
      { products, state, history, coefficients },
      { slots: total, learningRate },
      [1, 1, 1],
    ),
    ...combinations,
    dispatch(
      lbfgsStepKernel,
      { clamped: clamp !== undefined },
      label,
      { u, gradient, x, previous_x: previousX, previous_g: previousG },
      { size, stride, low, high },
      grid.workgroups,
    ),
  ];
}
