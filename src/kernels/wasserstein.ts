// Distance of two Gaussians for style: the covariance part. The means' part is squared_error of channel_mean.
import { w2Backward } from '../../shaders/w2_backward.wgsl.js';
import { w2Forward } from '../../shaders/w2_forward.wgsl.js';
import { w2Start } from '../../shaders/w2_start.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, type Shape, sameShape } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import { matmulDispatch, transposeDispatch } from './matmul.js';
import type { OpContext, OpSpec } from './op.js';
import { sumSquaresDispatch } from './squared-error.js';

/** Factor on the squared Wasserstein distance, and how precisely its root is found. */
export interface W2Attrs {
  readonly scale: number;
  /** Regularises the root: epsilon = eps * tr(target)^2. Smaller is truer and, in float32, less precise. */
  readonly eps?: number;
  /** Newton-Schulz steps: an eigenvalue of relative size s needs about log(1/s)/(2 log 1.5) + 5. */
  readonly iterations?: number;
}

/**
 * Measured against float64 for C = 16 .. 128 and eigenvalues spread over up to 8 decades, traces equal: the
 * gradient errs by 2e-4 .. 1.4e-3 (C = 16) and 2e-5 .. 4e-5 (C = 128) of its norm, the loss by 1e-7 .. 5e-5 of the
 * traces; epsilon lowers the loss by 0.05 .. 0.3 % (C = 16) and 0.7 .. 3 % (C = 128) of the traces. With a
 * covariance 100 times the target's the gradient errs by 3e-4 .. 5e-3.
 */
export const W2_EPS = 1e-7;
/** Newton-Schulz steps unless the attributes say otherwise. */
export const W2_ITERATIONS = 24;

/** Start of the Newton-Schulz iteration, scaled to eigenvalues in (0,1]. */
export const w2StartKernel: KernelSpec<Record<string, never>> = {
  name: 'w2_start',
  bindings: () => ({ m: 'read', squares: 'read', energy: 'read', y: 'read_write', z: 'read_write' }),
  params: { C: 'u32', stride: 'u32', eps: 'f32' },
  shader: w2Start,
  variants: [{}],
};

/** The distance's covariance part from the scaled root. */
export const w2ForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'w2_forward',
  bindings: () => ({ cov: 'read', y: 'read', squares: 'read', energy: 'read', loss: 'read_write' }),
  params: { C: 'u32', eps: 'f32', scale: 'f32' },
  shader: w2Forward,
  variants: [{}],
};

/** Gradient of the covariance part from the scaled inverse root. */
export const w2BackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'w2_backward',
  bindings: () => ({ q: 'read', squares: 'read', energy: 'read', dy: 'read', dcov: 'read_write' }),
  params: { C: 'u32', stride: 'u32', eps: 'f32', scale: 'f32' },
  shader: w2Backward,
  variants: [{}],
};

/**
 * y [1] = scale * (tr cov + tr R^2 - 2 tr (R cov R + epsilon I)^(1/2)), R = targetRoot [C,C] being the symmetric
 * root of the style's covariance: the squared 2-Wasserstein distance of two centred Gaussians (Olkin and
 * Pukelsheim 1982) up to epsilon = eps * (tr R^2)^2, which lowers it by at most 2 C sqrt(eps) tr R^2. Where |M|
 * exceeds 2^22 epsilon (a covariance far above the target's), epsilon rises with it, as a constant of the gradient.
 * `cov` [C,C] must be symmetric positive semi-definite, so that this op cannot be tried out on random values: it lists
 * no tunables, and its products are computed as matmul's of their shape; dJ/dcov = scale * (I - R (R cov R + epsilon I)^(-1/2) R).
 */
export const w2Covariance: OpSpec<W2Attrs> = {
  name: 'w2_covariance',
  inputs: ['cov', 'targetRoot'],
  saves: ['cov', 'targetRoot'],
  output(shapes, _attrs, where) {
    const { cov, targetRoot } = shapes as { cov: Shape; targetRoot: Shape };
    if (cov.length !== 2 || cov[0] !== cov[1] || !sameShape(cov, targetRoot)) {
      throw new ShapeError(
        `w2_covariance at ${where}: cov and targetRoot must be [C,C]; cov ${formatShape(cov)}, targetRoot ${formatShape(targetRoot)}`,
      );
    }
    return { shape: [1], layout: 'flat' };
  },
  forward(t, attrs, ctx) {
    const label = `w2_covariance:forward at ${ctx.where}`;
    const { root, squares, energy, dispatches } = newtonSchulz(
      label,
      ctx,
      t.cov!,
      t.targetRoot!,
      attrs,
      'root',
    );
    const params = { C: t.cov!.shape[0]!, eps: attrs.eps ?? W2_EPS, scale: attrs.scale };
    return [
      ...dispatches,
      dispatch(
        w2ForwardKernel,
        {},
        label,
        { cov: t.cov!, y: root, squares, energy, loss: t.y! },
        params,
        [1, 1, 1],
      ),
    ];
  },
  backward: {
    cov(t, attrs, ctx) {
      const label = `w2_covariance:backward:cov at ${ctx.where}`;
      const r = t.targetRoot!;
      const { root, squares, energy, dispatches } = newtonSchulz(label, ctx, t.cov!, r, attrs, 'inverse');
      const [half, q] = [ctx.scratch('half', r.shape), ctx.scratch('q', r.shape)];
      const C = r.shape[0]!;
      const grid = linearGrid(C * ceilDiv(C, 4), ctx.target);
      const params = { C, stride: grid.stride, eps: attrs.eps ?? W2_EPS, scale: attrs.scale };
      return [
        ...dispatches,
        matmulDispatch(`${label} (z R)`, ctx.target, { at: root, b: r, y: half }),
        matmulDispatch(`${label} (R z R)`, ctx.target, { at: r, b: half, y: q }, { symmetric: true }),
        dispatch(
          w2BackwardKernel,
          {},
          label,
          { q, squares, energy, dy: t.dy!, dcov: t.dx! },
          params,
          grid.workgroups,
        ),
      ];
    },
  },
  cost(shapes, attrs) {
    const c = shapes.cov![0]!;
    return { flops: 2 * c ** 3 * (2 + 1.5 * (attrs.iterations ?? W2_ITERATIONS)), bytes: 12 * c * c };
  },
};

/**
 * The scaled root ((R cov R + epsilon I) / size)^(1/2) or its inverse by the coupled Newton-Schulz iteration
 * (Higham, Functions of Matrices, 2008, eq. 6.35): Y <- Y (3I - Z Y) / 2, Z <- (3I - Z Y) Z / 2. All matrices
 * are polynomials of one symmetric matrix: symmetric, commuting, each its own transpose.
 */
function newtonSchulz(
  label: string,
  ctx: OpContext,
  cov: Tensor,
  r: Tensor,
  { eps = W2_EPS, iterations = W2_ITERATIONS }: W2Attrs,
  wanted: 'root' | 'inverse',
): { root: Tensor; squares: Tensor; energy: Tensor; dispatches: Dispatch<Tensor>[] } {
  const C = cov.shape[0]!;
  const matrix = (name: string) => ctx.scratch(name, cov.shape);
  const [covR, m, squares, energy] = [
    matrix('cov R'),
    matrix('M'),
    ctx.scratch('squares', [1]),
    ctx.scratch('energy', [1]),
  ];
  let [y, z] = [matrix('Y'), matrix('Z')];
  const grid = linearGrid(C * ceilDiv(C, 4), ctx.target);
  const symmetric = true;
  const dispatches = [
    ...sumSquaresDispatch(`${label} (tr R^2)`, ctx, r, energy, 1),
    matmulDispatch(`${label} (cov R)`, ctx.target, { at: cov, b: r, y: covR }),
    matmulDispatch(`${label} (R cov R)`, ctx.target, { at: r, b: covR, y: m }, { symmetric }),
    ...sumSquaresDispatch(`${label} (|M|)`, ctx, m, squares, 1),
    dispatch(
      w2StartKernel,
      {},
      `${label} (start)`,
      { m, squares, energy, y, z },
      { C, stride: grid.stride, eps },
      grid.workgroups,
    ),
  ];
  const step = `${label} (Newton-Schulz)`;
  for (let k = 1; k <= iterations; k++) {
    // Z Y itself must not be symmetrised: that would let rounding errors grow by the condition of the root.
    const correction = matrix('3I - ZY');
    dispatches.push(
      matmulDispatch(step, ctx.target, { at: z, b: y, y: correction }, { alpha: -1, diagonal: 3 }),
    );
    const last = k === iterations;
    const [nextY, nextZ] = [matrix('Y'), matrix('Z')];
    if (!last || wanted === 'root') {
      dispatches.push(
        matmulDispatch(step, ctx.target, { at: y, b: correction, y: nextY }, { alpha: 0.5, symmetric }),
      );
    }
    if (!last || wanted === 'inverse') {
      const turned = matrix('3I - YZ');
      dispatches.push(
        transposeDispatch(step, ctx.target, correction, turned),
        matmulDispatch(step, ctx.target, { at: turned, b: z, y: nextZ }, { alpha: 0.5, symmetric }),
      );
    }
    [y, z] = [nextY, nextZ];
  }
  return { root: wanted === 'root' ? y : z, squares, energy, dispatches };
}
