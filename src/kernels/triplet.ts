// The triplet loss over a matrix of squared distances: mining, counting, loss.
import { type MineVariant, mineNegatives as mineShader } from '../../shaders/mine_negatives.wgsl.js';
import { tripletCounts as countsShader } from '../../shaders/triplet_counts.wgsl.js';
import { tripletLossBackward } from '../../shaders/triplet_loss_backward.wgsl.js';
import { tripletLossForward } from '../../shaders/triplet_loss_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, type Shape, sameShape } from '../base/shape.js';
import { dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import type { OpSpec, Shapes } from './op.js';
import { partialSumDispatch, reduceSumDispatch } from './reduce.js';

/** A negative for every pair of one person. */
export const mineNegativesKernel: KernelSpec<MineVariant> = {
  name: 'mine_negatives',
  bindings: () => ({ distances: 'read', labels: 'read', negatives: 'read_write' }),
  params: { N: 'u32', stride: 'u32', seed: 'u32', margin: 'f32' },
  shader: mineShader,
  variants: [{ mode: 'random' }, { mode: 'in-margin' }, { mode: 'semi-hard' }, { mode: 'hard' }],
};

/** What the triplets of an anchor are like. */
export const tripletCountsKernel: KernelSpec<Record<string, never>> = {
  name: 'triplet_counts',
  bindings: () => ({ distances: 'read', negatives: 'read', rows: 'read_write' }),
  params: { N: 'u32', stride: 'u32', margin: 'f32' },
  shader: countsShader,
  variants: [{}],
};

const LOSS_PARAMS = { N: 'u32', stride: 'u32', divisor: 'u32', margin: 'f32' } as const;

/** An anchor's part of the loss. */
export const tripletLossForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'triplet_loss_forward',
  bindings: () => ({ distances: 'read', negatives: 'read', counts: 'read', rows: 'read_write' }),
  params: LOSS_PARAMS,
  shader: tripletLossForward,
  variants: [{}],
};

/** Its gradient with respect to the distances. */
export const tripletLossBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'triplet_loss_backward',
  bindings: () => ({ distances: 'read', negatives: 'read', counts: 'read', dy: 'read', dx: 'read_write' }),
  params: LOSS_PARAMS,
  shader: tripletLossBackward,
  variants: [{}],
};

/** How negatives are chosen: see shaders/mine_negatives.wgsl.ts. */
export type Miner = MineVariant['mode'];

/** Which of an anchor's pictures may be its negative; `margin` in units of squared distance. */
export interface MineAttrs {
  readonly mode: Miner;
  readonly margin: number;
  /** 32 bits; the param `seed` of the dispatch `mineLabel` changes it from run to run. */
  readonly seed: number;
}

/** The label of the mining dispatch at `where`, for `Program.setParams`. */
export function mineLabel(where: string): string {
  return `mine_negatives:forward at ${where}`;
}

/**
 * negatives [N,N] for distances [N,N] (squared, row a the anchor's) and labels [N] (whole numbers below 2^24, one a
 * person): the row of the negative of (anchor, positive), or -1. Nothing is differentiated.
 */
export const mineNegatives: OpSpec<MineAttrs> = {
  name: 'mine_negatives',
  inputs: ['distances', 'labels'],
  detached: ['distances', 'labels'],
  saves: [],
  output(shapes, { margin }, where) {
    const place = `mine_negatives at ${where}`;
    const [N] = square(place, 'distances', shapes);
    checkMargin(place, margin);
    if (!sameShape(shapes.labels!, [N]))
      throw new ShapeError(`${place}: labels must be [${N}], got ${formatShape(shapes.labels!)}`);
    return { shape: [N, N], layout: 'flat' };
  },
  forward(t, { mode, margin, seed }, ctx) {
    const N = t.labels!.shape[0]!;
    const { workgroups, stride } = linearGrid(N * ceilDiv(N, 4), ctx.target);
    const buffers = { distances: t.distances!, labels: t.labels!, negatives: t.y! };
    const params = { N, stride, seed, margin };
    return [dispatch(mineNegativesKernel, { mode }, mineLabel(ctx.where), buffers, params, workgroups)];
  },
  backward: {},
  cost: matrixCost,
};

/**
 * counts [8] of the triplets (a, p, negatives[a,p] >= 0): their number; those with d_ap - d_an + margin > 0; those with
 * d_an <= d_ap; N; the sums of d_ap, of d_an and of all distances; 0. Nothing is differentiated.
 */
export const tripletCounts: OpSpec<{ margin: number }> = {
  name: 'triplet_counts',
  inputs: ['distances', 'negatives'],
  detached: ['distances', 'negatives'],
  saves: [],
  output(shapes, { margin }, where) {
    const place = `triplet_counts at ${where}`;
    square(place, 'distances', shapes);
    square(place, 'negatives', shapes);
    checkMargin(place, margin);
    return { shape: [8], layout: 'flat' };
  },
  forward(t, { margin }, ctx) {
    const N = t.distances!.shape[0]!;
    const label = `triplet_counts:forward at ${ctx.where}`;
    const { workgroups, stride } = linearGrid(N, ctx.target);
    const rows = ctx.scratch('rows', [N, 8]);
    const buffers = { distances: t.distances!, negatives: t.negatives!, rows };
    return [
      dispatch(tripletCountsKernel, {}, label, buffers, { N, stride, margin }, workgroups),
      partialSumDispatch(label, ctx.target, rows, t.y!, 1),
    ];
  },
  backward: {},
  cost: matrixCost,
};

/** What the sum of the losses is divided by: the triplets above 0, or all that were mined. */
export interface TripletAttrs {
  readonly margin: number;
  readonly mean: 'active' | 'valid';
}

/** Where `counts` has the divisor. */
const DIVISOR = { valid: 0, active: 1 } as const;

/**
 * y [1] = sum max(0, d_ap - d_an + margin) / max(1, counts[mean]) over the triplets of `negatives` (FaceNet, arXiv
 * 1503.03832, eq. 3). Only the distances have a gradient; at exactly 0 it is 0.
 */
export const tripletLoss: OpSpec<TripletAttrs> = {
  name: 'triplet_loss',
  inputs: ['distances', 'negatives', 'counts'],
  detached: ['negatives', 'counts'],
  saves: ['distances', 'negatives', 'counts'],
  output(shapes, { margin }, where) {
    const place = `triplet_loss at ${where}`;
    square(place, 'distances', shapes);
    square(place, 'negatives', shapes);
    checkMargin(place, margin);
    if (!sameShape(shapes.counts!, [8]))
      throw new ShapeError(`${place}: counts must be [8], got ${formatShape(shapes.counts!)}`);
    return { shape: [1], layout: 'flat' };
  },
  forward(t, { margin, mean }, ctx) {
    const N = t.distances!.shape[0]!;
    const label = `triplet_loss:forward at ${ctx.where}`;
    const { workgroups, stride } = linearGrid(N, ctx.target);
    const rows = ctx.scratch('rows', [N, 1]);
    const buffers = { distances: t.distances!, negatives: t.negatives!, counts: t.counts!, rows };
    const params = { N, stride, divisor: DIVISOR[mean], margin };
    return [
      dispatch(tripletLossForwardKernel, {}, label, buffers, params, workgroups),
      ...reduceSumDispatch(label, ctx, rows, t.y!, 1),
    ];
  },
  backward: {
    distances(t, { margin, mean }, ctx) {
      const N = t.distances!.shape[0]!;
      const label = `triplet_loss:backward:distances at ${ctx.where}`;
      const { workgroups, stride } = linearGrid(N * ceilDiv(N, 4), ctx.target);
      const given = { distances: t.distances!, negatives: t.negatives!, counts: t.counts! };
      const buffers = { ...given, dy: t.dy!, dx: t.dx! };
      const params = { N, stride, divisor: DIVISOR[mean], margin };
      return [dispatch(tripletLossBackwardKernel, {}, label, buffers, params, workgroups)];
    },
  },
  cost: matrixCost,
};

/** The extents of a square matrix; ShapeError for anything else, or where it differs from the distances. */
function square(place: string, name: string, shapes: Shapes): [number, number] {
  const shape = shapes[name]!;
  if (shape.length !== 2 || shape[0] !== shape[1] || shape[0] !== shapes.distances![0])
    throw new ShapeError(
      `${place}: ${name} must be [N,N], got ${formatShape(shape)}; distances ${formatShape(shapes.distances!)}`,
    );
  return shape as Shape as [number, number];
}

function checkMargin(place: string, margin: number): void {
  if (!(margin >= 0 && Number.isFinite(margin)))
    throw new ShapeError(`${place}: margin must be a number of at least 0, got ${margin}`);
}

/** One look at two matrices; what a miner computes besides is comparisons. */
function matrixCost(shapes: Shapes): { flops: number; bytes: number } {
  const n = shapes.distances![0]!;
  return { flops: 3 * n * n, bytes: 8 * n * n };
}
