// Fully connected layers: an activation as rows, and rows times a matrix.
import { flattenBackward } from '../../shaders/flatten_backward.wgsl.js';
import { flattenForward } from '../../shaders/flatten_forward.wgsl.js';
import { type LinearVariant, linearForward } from '../../shaders/linear_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  LINEAR_WORKGROUP,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import { matmulDispatch, transposeDispatch } from './matmul.js';
import type { OpSpec } from './op.js';
import { partialSumDispatch } from './reduce.js';

/** y[n, (c*H + h)*W + w] = x[n,c,h,w]. */
export const flattenForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'flatten_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32', C: 'u32', H: 'u32', W: 'u32' },
  shader: flattenForward,
  variants: [{}],
};

/** dx[n,c,h,w] = dy[n, (c*H + h)*W + w]. */
export const flattenBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'flatten_backward',
  bindings: () => ({ dy: 'read', dx: 'read_write' }),
  params: { C: 'u32', H: 'u32', W: 'u32' },
  shader: flattenBackward,
  variants: [{}],
};

/** A CPU spares loads; one picture alone would waste three rows of four. */
const CPU_TILE = { rows: 4, share: 1, workgroup: 8 };
const CPU_ROW = { ...CPU_TILE, rows: 1 };
/** A GPU has more threads than a layer has outputs: they share the sums. */
const GPU_TILE = { rows: 1, share: LINEAR_WORKGROUP, workgroup: LINEAR_WORKGROUP };

/** y = x weight^T + bias. */
export const linearForwardKernel: KernelSpec<LinearVariant> = {
  name: 'linear_forward',
  bindings: (v): Bindings =>
    v.bias
      ? { x: 'read', weight: 'read', bias: 'read', y: 'read_write' }
      : { x: 'read', weight: 'read', y: 'read_write' },
  params: { N: 'u32', D4: 'u32', K: 'u32', blocks: 'u32', stride: 'u32' },
  shader: linearForward,
  variants: [CPU_TILE, CPU_ROW, GPU_TILE].flatMap((tile) => [
    { ...tile, bias: true },
    { ...tile, bias: false },
  ]),
};

/** y [N,C*H*W] = the values of x [N,C,H,W], a row per picture, in the order of their logical indices. */
export const flatten: OpSpec<Record<string, never>> = {
  name: 'flatten',
  inputs: ['x'],
  saves: [],
  output(shapes, _attrs, where) {
    const [n, c, h, w] = nchw(`flatten at ${where}`, shapes.x!);
    return { shape: [n, c * h * w], layout: 'flat' };
  },
  forward(t, _attrs, ctx) {
    const label = `flatten:forward at ${ctx.where}`;
    const [, C, H, W] = nchw(label, t.x!.shape);
    const { vec4s: count } = geometryOf(t.y!.shape, t.y!.layout);
    const { workgroups, stride } = linearGrid(count, ctx.target);
    const params = { count, stride, C, H, W };
    return [dispatch(flattenForwardKernel, {}, label, { x: t.x!, y: t.y! }, params, workgroups)];
  },
  backward: {
    x(t, _attrs, ctx) {
      const label = `flatten:backward:x at ${ctx.where}`;
      const [n, C, H, W] = nchw(label, t.dx!.shape);
      const grid = imageGrid(label, ctx.target, W, H, n * ceilDiv(C, 4));
      return [dispatch(flattenBackwardKernel, {}, label, { dy: t.dy!, dx: t.dx! }, { C, H, W }, grid)];
    },
  },
  cost: (shapes) => ({ flops: 0, bytes: 8 * sizeOf(shapes.x!) }),
};

/** y [N,K] = x [N,D] weight^T + bias: weight [K,D] and bias [K] as frameworks store them; bias may be left out. */
export const linear: OpSpec<Record<string, never>> = {
  name: 'linear',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  saves: ['x', 'weight'],
  output(shapes, _attrs, where) {
    const { x, weight, bias } = shapes as { x: Shape; weight: Shape; bias?: Shape };
    const place = `linear at ${where}`;
    const given = `x ${formatShape(x)}, weight ${formatShape(weight)}`;
    if (x.length !== 2 || weight.length !== 2)
      throw new ShapeError(`${place}: x must be [N,D] and weight [K,D]; ${given}`);
    if (x[1] !== weight[1])
      throw new ShapeError(
        `${place}: weight.shape[1] (${weight[1]}) must equal x.shape[1] (${x[1]}); ${given}`,
      );
    if (bias && (bias.length !== 1 || bias[0] !== weight[0]))
      throw new ShapeError(`${place}: bias must be [${weight[0]}], got ${formatShape(bias)}; ${given}`);
    return { shape: [x[0]!, weight[0]!], layout: 'flat' };
  },
  forward: (t, _attrs, ctx) => [
    linearDispatch(`linear:forward at ${ctx.where}`, ctx.target, {
      x: t.x!,
      weight: t.weight!,
      bias: t.bias,
      y: t.y!,
    }),
  ],
  backward: {
    // dy weight, whose left factor the product wants transposed.
    x(t, _attrs, ctx) {
      const label = `linear:backward:x at ${ctx.where}`;
      const at = ctx.scratch('at', [...t.dy!.shape].reverse());
      return [
        transposeDispatch(`${label} (transpose)`, ctx.target, t.dy!, at),
        matmulDispatch(label, ctx.target, { at, b: t.weight!, y: t.dx! }),
      ];
    },
    // dy^T x.
    weight: (t, _attrs, ctx) => [
      matmulDispatch(`linear:backward:weight at ${ctx.where}`, ctx.target, { at: t.dy!, b: t.x!, y: t.dx! }),
    ],
    // The sum of the rows of dy, in their order.
    bias: (t, _attrs, ctx) => [
      partialSumDispatch(`linear:backward:bias at ${ctx.where}`, ctx.target, t.dy!, t.dx!, 1),
    ],
  },
  cost(shapes) {
    const [n, d] = shapes.x as unknown as [number, number];
    const k = shapes.weight![0]!;
    return { flops: 2 * n * d * k, bytes: 4 * (n * d + d * k + n * k) };
  },
};

function linearDispatch(
  label: string,
  target: Target,
  t: { x: Tensor; weight: Tensor; bias: Tensor | undefined; y: Tensor },
): Dispatch<Tensor> {
  const [N, D] = t.x.shape as unknown as [number, number];
  const K = t.weight.shape[0]!;
  const tile = !target.cpu ? GPU_TILE : N < CPU_TILE.rows ? CPU_ROW : CPU_TILE;
  const blocks = ceilDiv(N, tile.rows) * ceilDiv(K, 4);
  const groups = ceilDiv(blocks * tile.share, tile.workgroup);
  const stride = Math.min(groups, target.maxWorkgroups);
  return dispatch(
    linearForwardKernel,
    { ...tile, bias: t.bias !== undefined },
    label,
    { x: t.x, weight: t.weight, ...(t.bias ? { bias: t.bias } : {}), y: t.y },
    { N, D4: ceilDiv(D, 4), K, blocks, stride },
    [stride, ceilDiv(groups, stride), 1],
  );
}
