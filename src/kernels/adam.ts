import { type AdamVariant, adamStep } from '../../shaders/adam_step.wgsl.js';
import { geometryOf } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import {
  type Bindings,
  type Dispatch,
  dispatch,
  type KernelSpec,
  linearGrid,
  type Target,
} from '../gpu/kernel.js';

/** One step of Adam in place, over whole buffers of any layout. */
export const adamStepKernel: KernelSpec<AdamVariant> = {
  name: 'adam_step',
  bindings: (v): Bindings => ({
    gradient: 'read',
    parameter: 'read_write',
    m: 'read_write',
    v: 'read_write',
    ...(v.average ? { average: 'read_write' as const } : {}),
    ...(v.scaled ? { factors: 'read' as const } : {}),
  }),
  params: {
    count: 'u32',
    stride: 'u32',
    stepSize: 'f32',
    rootScale: 'f32',
    decayStep: 'f32',
    beta1: 'f32',
    gain1: 'f32',
    beta2: 'f32',
    gain2: 'f32',
    epsilon: 'f32',
    low: 'f32',
    high: 'f32',
    decay: 'f32',
    gainAverage: 'f32',
  },
  shader: adamStep,
  variants: [false, true].flatMap((average) =>
    [false, true].flatMap((clamp) => [
      { average, clamp, scaled: false },
      { average, clamp, scaled: true },
    ]),
  ),
};

/** Params of one step that stay the same; `stepSize`, `rootScale` and `decayStep` change with every step. */
export interface AdamParams {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly clamp?: readonly [number, number] | undefined;
  readonly decay: number;
}

/**
 * One Adam step in place; `average` given: an exponential moving average with `decay`; `factors` given ([4]): the
 * gradient is multiplied by the first, and nothing is changed where that is negative.
 */
export function adamDispatch(
  label: string,
  target: Target,
  t: {
    gradient: Tensor;
    parameter: Tensor;
    m: Tensor;
    v: Tensor;
    average?: Tensor | undefined;
    factors?: Tensor | undefined;
  },
  p: AdamParams,
): Dispatch<Tensor> {
  const { vec4s } = geometryOf(t.parameter.shape, t.parameter.layout);
  const grid = linearGrid(vec4s, target);
  const { gradient, parameter, m, v, average, factors } = t;
  return dispatch(
    adamStepKernel,
    { average: average !== undefined, clamp: p.clamp !== undefined, scaled: factors !== undefined },
    label,
    { gradient, parameter, m, v, ...(average ? { average } : {}), ...(factors ? { factors } : {}) },
    {
      count: vec4s,
      stride: grid.stride,
      stepSize: 0,
      rootScale: 1,
      decayStep: 0,
      beta1: p.beta1,
      gain1: 1 - p.beta1,
      beta2: p.beta2,
      gain2: 1 - p.beta2,
      epsilon: p.epsilon,
      low: p.clamp?.[0] ?? 0,
      high: p.clamp?.[1] ?? 0,
      decay: p.decay,
      gainAverage: 1 - p.decay,
    },
    grid.workgroups,
  );
}
