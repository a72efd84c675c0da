// Numbers in f16: the power of two that keeps a tensor in its range, and filters stored in it.
import { filterHalf } from '../../shaders/filter_half.wgsl.js';
import { type HalfScaleVariant, halfScale } from '../../shaders/half_scale.wgsl.js';
import { geometryOf } from '../base/layout.js';
import { ceilDiv } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec, LINEAR_WORKGROUP, linearGrid } from '../gpu/kernel.js';
import type { OpContext } from './op.js';

/** One stage of the search for max |x|; the last one makes a scale of it. */
export const halfScaleKernel: KernelSpec<HalfScaleVariant> = {
  name: 'half_scale',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', threads: 'u32', stride: 'u32' },
  shader: halfScale,
  variants: [{ last: false }, { last: true }],
};

/** half = f16(scale * weight). */
export const filterHalfKernel: KernelSpec<Record<string, never>> = {
  name: 'filter_half',
  bindings: () => ({ weight: 'read', scale: 'read', half: 'read_write' }),
  params: { count: 'u32', K4: 'u32', pitch: 'u32', stride: 'u32' },
  shader: filterHalf,
  variants: [{}],
};

/** vec4s that one thread looks through. */
const PER_THREAD = 64;

/** scale [2] of `x` in any layout: the power of two that moves max |x| into [2^14, 2^15), and its inverse. */
export function halfScaleDispatches(
  label: string,
  ctx: OpContext,
  x: Tensor,
): { scale: Tensor; dispatches: Dispatch<Tensor>[] } {
  const dispatches: Dispatch<Tensor>[] = [];
  let source = x;
  let count = geometryOf(x.shape, x.layout).vec4s;
  while (count > PER_THREAD) {
    const threads = LINEAR_WORKGROUP * ceilDiv(count, PER_THREAD * LINEAR_WORKGROUP);
    // Fewer values than a workgroup has threads are left to the last stage.
    if (threads >= count) break;
    const maxima = ctx.scratch('maxima', [4 * threads]);
    const grid = linearGrid(threads, ctx.target);
    dispatches.push(
      dispatch(
        halfScaleKernel,
        { last: false },
        `${label} (largest)`,
        { x: source, y: maxima },
        { count, threads, stride: grid.stride },
        grid.workgroups,
      ),
    );
    source = maxima;
    count = threads;
  }
  const scale = ctx.scratch('scale', [2]);
  dispatches.push(
    dispatch(
      halfScaleKernel,
      { last: true },
      `${label} (scale)`,
      { x: source, y: scale },
      { count, threads: 1, stride: 1 },
      [1, 1, 1],
    ),
  );
  return { scale, dispatches };
}

/** The filter `weight` as f16, [R*S*4*C4][2*ceil(K4/2)] vec4<f16>, and its scale; constant where the filter is. */
export function filterHalfDispatches(
  label: string,
  ctx: OpContext,
  weight: Tensor,
): { half: Tensor; scale: Tensor; dispatches: Dispatch<Tensor>[] } {
  const { scale, dispatches } = halfScaleDispatches(`${label} (filter)`, ctx, weight);
  const K4 = ceilDiv(weight.shape[0]!, 4);
  const pitch = 2 * ceilDiv(K4, 2);
  const rows = geometryOf(weight.shape, weight.layout).vec4s / K4;
  const half = ctx.scratch('half', [rows, 2 * pitch]);
  const grid = linearGrid(rows * pitch, ctx.target);
  dispatches.push(
    dispatch(
      filterHalfKernel,
      {},
      `${label} (filter as f16)`,
      { weight, scale, half },
      { count: rows * pitch, K4, pitch, stride: grid.stride },
      grid.workgroups,
    ),
  );
  return { half, scale, dispatches };
}
