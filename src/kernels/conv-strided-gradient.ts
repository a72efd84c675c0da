// The data gradient of a convolution that skips pixels, from the flipped filter.
import { conv2dBackwardDataStrided } from '../../shaders/conv2d_backward_data_strided.wgsl.js';
import type { Finish } from '../../shaders/finish.js';
import { ceilDiv, nchw } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { bucketOf, choose, type Tunable } from '../gpu/choices.js';
import { type Dispatch, dispatch, type KernelSpec, type Target } from '../gpu/kernel.js';
import type { ConvShape } from './conv-algorithm.js';
import { CONV_PARAMS } from './conv-direct.js';
import { flatDispatch } from './conv-flat.js';
import {
  FINISHES,
  type FinishTensors,
  finishBindings,
  finishOf,
  finishTensors,
  UNFINISHED,
} from './finish.js';
import { imageGrid } from './image-grid.js';

const PARAMS = { ...CONV_PARAMS, R: 'u32', S: 'u32', stride: 'u32' } as const;

/** One pixel of four channels a thread. */
export const conv2dBackwardDataStridedKernel: KernelSpec<Finish> = {
  name: 'conv2d_backward_data_strided',
  bindings: (v) => ({ dy: 'read', weight: 'read', dx: 'read_write', ...finishBindings(v) }),
  params: PARAMS,
  shader: conv2dBackwardDataStrided,
  variants: [UNFINISHED, ...FINISHES],
};

/** The ways of the data gradient, for the forward convolution's shape: by pixels, or by phases where subgroups are. */
export function stridedGradientTunable(target: Target, { n, c, k, r, s, stride, p, q }: ConvShape): Tunable {
  const phases = target.subgroupSize > 0 ? ['phases'] : [];
  return {
    family: 'conv2d-strided',
    bucket: `${r}x${s}s${stride} c${bucketOf(c)} k${bucketOf(k)} px${bucketOf(n * p * q)}`,
    candidates: target.cpu ? [...phases, 'pixels'] : ['pixels', ...phases],
  };
}

/** dx [N,C,H,W] from dy [N,K,P,Q] and the flipped, transposed filter [C,K,R,S]; finished as the tensors say. */
export function stridedGradientDispatch(
  label: string,
  target: Target,
  t: { dy: Tensor; flipped: Tensor; dx: Tensor } & FinishTensors,
  { stride, pad }: { stride: number; pad: number },
): Dispatch<Tensor> {
  const { dy, flipped: weight, dx } = t;
  const [n, c, H, W] = nchw(label, dx.shape);
  const [, k, P, Q] = nchw(label, dy.shape);
  const [R, S] = weight.shape.slice(2) as [number, number];
  const [C4, K4] = [ceilDiv(c, 4), ceilDiv(k, 4)];
  const operands = { dy, weight, dx, ...finishTensors(t) };
  const params = { C4, H, W, K4, P, Q, pad, R, S, stride };
  const shape = { n, c, k, r: R, s: S, stride, pad, p: P, q: Q };
  if (choose(target.choices, stridedGradientTunable(target, shape)) === 'phases') {
    const step = { ...finishTensors(t), x: dy, weight, y: dx };
    const byPhases = flatDispatch(label, target, step, { stride, pad }, true);
    if (byPhases) return byPhases;
  }
  const grid = imageGrid(label, target, W, H, n * C4);
  return dispatch(conv2dBackwardDataStridedKernel, finishOf(t), label, operands, params, grid);
}
