// All squared distances between the rows of a batch.
import { pairwiseDistancesBackward } from '../../shaders/pairwise_distances_backward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, type Shape } from '../base/shape.js';
import { dispatch, type KernelSpec, LINEAR_WORKGROUP, linearGrid } from '../gpu/kernel.js';
import type { OpSpec } from './op.js';
import { squaredDistancesKernel } from './top-k.js';

/** dx[i] = 2 * sum_j (dy[i,j] + dy[j,i]) * (x[i] - x[j]). */
export const pairwiseDistancesBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'pairwise_distances_backward',
  bindings: () => ({ x: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32', N: 'u32' },
  shader: pairwiseDistancesBackward,
  variants: [{}],
};

/** Rows of the batch that a thread of the forward pass measures at once. */
const TILE = 4;

/** y [N,N] = |x[i] - x[j]|^2 for the rows of x [N,D]; differences are squared, so that the diagonal is exactly 0. */
export const pairwiseDistances: OpSpec<Record<string, never>> = {
  name: 'pairwise_distances',
  inputs: ['x'],
  saves: ['x'],
  output(shapes, _attrs, where) {
    const x = shapes.x!;
    if (x.length !== 2)
      throw new ShapeError(`pairwise_distances at ${where}: expected [N,D], got ${formatShape(x)}`);
    return { shape: [x[0]!, x[0]!], layout: 'flat' };
  },
  forward(t, _attrs, ctx) {
    const [N, D] = t.x!.shape as unknown as [number, number];
    const M4 = ceilDiv(N, 4);
    return [
      dispatch(
        squaredDistancesKernel,
        { tile: TILE, far: false },
        `pairwise_distances:forward at ${ctx.where}`,
        { queries: t.x!, gallery: t.x!, distances: t.y! },
        { B: N, M4, D4: ceilDiv(D, 4), rows: N },
        [ceilDiv(M4, LINEAR_WORKGROUP), ceilDiv(N, TILE), 1],
      ),
    ];
  },
  backward: {
    x(t, _attrs, ctx) {
      const [N, D] = t.x!.shape as unknown as [number, number];
      const count = N * ceilDiv(D, 4);
      const { workgroups, stride } = linearGrid(count, ctx.target);
      const label = `pairwise_distances:backward:x at ${ctx.where}`;
      const buffers = { x: t.x!, dy: t.dy!, dx: t.dx! };
      return [
        dispatch(pairwiseDistancesBackwardKernel, {}, label, buffers, { count, stride, N }, workgroups),
      ];
    },
  },
  cost(shapes) {
    const [n, d] = shapes.x as Shape as [number, number];
    return { flops: 3 * n * n * d, bytes: 4 * (n * d + n * n) };
  },
};
