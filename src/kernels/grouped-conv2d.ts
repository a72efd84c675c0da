// Convolution in groups of channels.
import { filterRegroup } from '../../shaders/filter_regroup.wgsl.js';
import { type GroupedVariant, groupedConv2d as groupedShader } from '../../shaders/grouped_conv2d.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import { sidesOf } from '../base/padding.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, linearGrid, type Target } from '../gpu/kernel.js';
import {
  FILTER_PARAMS,
  type FilterAttrs,
  type FilterTensors,
  filterBindings,
  filterCost,
  filteredShape,
  filterTensors,
  given,
  tileOf,
} from './filter-geometry.js';
import { imageGrid } from './image-grid.js';
import { loadOf } from './load.js';
import type { OpContext, OpSpec, Tensors } from './op.js';

/** Geometry of a grouped convolution. */
export interface GroupedConvAttrs extends FilterAttrs {
  readonly groups: number;
}

const plain = { load: 'buffer', bias: true, relu: true } as const;
const grouped = { ...plain, blocks: true, tile: 4, stride: 1, transposed: false } as const;

/** Groups of channels: the forward pass, and transposed, the data gradient. */
export const groupedConv2dKernel: KernelSpec<GroupedVariant> = {
  name: 'grouped_conv2d',
  bindings: filterBindings,
  params: {
    C4: 'u32',
    K4: 'u32',
    ...FILTER_PARAMS,
    R: 'u32',
    S: 'u32',
    groups: 'u32',
    inputs: 'u32',
    outputs: 'u32',
  },
  shader: groupedShader,
  variants: [
    grouped,
    { ...grouped, load: 'texture' },
    { ...grouped, blocks: false },
    { ...grouped, transposed: true, stride: 2, bias: false, relu: false },
  ],
};

/** Exchanges inputs and outputs of a filter, group by group. */
export const filterRegroupKernel: KernelSpec<Record<string, never>> = {
  name: 'filter_regroup',
  bindings: () => ({ weight: 'read', regrouped: 'read_write' }),
  params: { taps: 'u32', C: 'u32', C4: 'u32', K4: 'u32', inputs: 'u32', outputs: 'u32', stride: 'u32' },
  shader: filterRegroup,
  variants: [{}],
};

/**
 * y = act(conv(x, weight) + bias), output k of the g-th K/groups reading the g-th C/groups inputs: x [N,C,H,W], weight
 * [K,C/groups,R,S], bias [K] -> y [N,K,P,Q]. Fast where both are multiples of four. Gradient to x alone.
 */
export const groupedConv2d: OpSpec<GroupedConvAttrs> = {
  name: 'grouped_conv2d',
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  layouts: { weight: 'filter' },
  saves: ['weight'],
  output(shapes, attrs, where) {
    const place = `grouped_conv2d at ${where}`;
    const { groups } = attrs;
    const [, c] = nchw(place, shapes.x!);
    const [k, j] = nchw(place, shapes.weight!);
    if (!Number.isInteger(groups) || groups < 1 || c % groups !== 0 || k % groups !== 0) {
      throw new ShapeError(
        `${place}: groups (${groups}) must divide the ${c} inputs and ${k} outputs; ${given(shapes)}`,
      );
    }
    if (j !== c / groups) {
      throw new ShapeError(
        `${place}: weight.shape[1] (${j}) must equal x.shape[1] / groups (${c / groups}); ${given(shapes)}`,
      );
    }
    return { shape: filteredShape(shapes, attrs, place), layout: 'image' };
  },
  forward(t, attrs, ctx) {
    const label = `grouped_conv2d:forward at ${ctx.where}`;
    const inputs = t.x!.shape[1]! / attrs.groups;
    const outputs = t.y!.shape[1]! / attrs.groups;
    return [
      groupedDispatch(label, ctx.target, filterTensors(t), attrs, { inputs, outputs, transposed: false }),
    ];
  },
  rectifies: ({ relu }) => relu ?? false,
  backward: { x: groupedBackward },
  cost: filterCost,
};

interface GroupSizes {
  /** Channels of x and of y in each group. */
  readonly inputs: number;
  readonly outputs: number;
  readonly transposed: boolean;
}

function groupedDispatch(
  label: string,
  target: Target,
  { x, weight, bias, y }: FilterTensors,
  attrs: GroupedConvAttrs,
  { inputs, outputs, transposed }: GroupSizes,
): Dispatch<Tensor> {
  const [n, c, H, W] = nchw(label, x.shape);
  const [, k, P, Q] = nchw(label, y.shape);
  const [, , R, S] = nchw(label, weight.shape);
  const { top, left } = sidesOf(label, attrs.pad);
  const [C4, K4] = [ceilDiv(c, 4), ceilDiv(k, 4)];
  const tile = tileOf(Q);
  const blocks = inputs % 4 === 0 && outputs % 4 === 0;
  const { stride, groups } = attrs;
  const relu = !transposed && (attrs.relu ?? false);
  return dispatch(
    groupedConv2dKernel,
    { blocks, tile, stride, transposed, load: loadOf(target, x), bias: bias !== undefined, relu },
    label,
    bias ? { x, weight, bias, y } : { x, weight, y },
    { C4, K4, H, W, P, Q, top, left, R, S, groups, inputs, outputs },
    imageGrid(label, target, ceilDiv(Q, tile), P, n * K4),
  );
}

function groupedBackward(t: Tensors, attrs: GroupedConvAttrs, ctx: OpContext): Dispatch<Tensor>[] {
  const weight = t.weight!;
  const [K, inputs, R, S] = nchw('grouped_conv2d', weight.shape);
  const C = t.dx!.shape[1]!;
  const outputs = K / attrs.groups;
  const regrouped = ctx.scratch('regrouped', [C, outputs, R, S], 'filter');
  const grid = linearGrid(geometryOf(regrouped.shape, 'filter').vec4s, ctx.target);
  const regroup = dispatch(
    filterRegroupKernel,
    {},
    `grouped_conv2d:filter_regroup at ${ctx.where}`,
    { weight, regrouped },
    { taps: R * S, C, C4: ceilDiv(C, 4), K4: ceilDiv(K, 4), inputs, outputs, stride: grid.stride },
    grid.workgroups,
  );
  const label = `grouped_conv2d:backward:x at ${ctx.where}`;
  const operands = { x: t.dy!, weight: regrouped, y: t.dx! };
  const sizes = { inputs: outputs, outputs: inputs, transposed: true };
  return [regroup, groupedDispatch(label, ctx.target, operands, attrs, sizes)];
}
