// Activations of one value each, besides relu: the detector's and the landmark net's.
import { leakyReluBackward } from '../../shaders/leaky_relu_backward.wgsl.js';
import { leakyReluForward } from '../../shaders/leaky_relu_forward.wgsl.js';
import { sigmoidBackward } from '../../shaders/sigmoid_backward.wgsl.js';
import { type SigmoidVariant, sigmoidForward } from '../../shaders/sigmoid_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import { type Shape, sizeOf } from '../base/shape.js';
import type { Layout } from '../base/tensor.js';
import { dispatch, type KernelSpec, linearGrid } from '../gpu/kernel.js';
import type { OpSpec } from './op.js';

/** y = x where x > 0, else slope*x. */
export const leakyReluForwardKernel: KernelSpec<Record<string, never>> = {
  name: 'leaky_relu_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32', slope: 'f32' },
  shader: leakyReluForward,
  variants: [{}],
};

/** dx = dy where y > 0, else slope*dy. */
export const leakyReluBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'leaky_relu_backward',
  bindings: () => ({ y: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32', slope: 'f32' },
  shader: leakyReluBackward,
  variants: [{}],
};

/** y = 1 / (1 + exp(-x)), zero in the padding. */
export const sigmoidForwardKernel: KernelSpec<SigmoidVariant> = {
  name: 'sigmoid_forward',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32', C: 'u32', H: 'u32', W: 'u32' },
  shader: sigmoidForward,
  variants: [{ image: true }, { image: false }],
};

/** dx = dy * y * (1 - y). */
export const sigmoidBackwardKernel: KernelSpec<Record<string, never>> = {
  name: 'sigmoid_backward',
  bindings: () => ({ y: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32', stride: 'u32' },
  shader: sigmoidBackward,
  variants: [{}],
};

const sameAs = (x: Shape): { shape: Shape; layout: Layout } => ({
  shape: x,
  layout: x.length === 4 ? 'image' : 'flat',
});

/**
 * y = max(x, slope*x), any shape, slope in 0..1 (Maas et al., *Rectifier Nonlinearities Improve Neural Network
 * Acoustic Models*, 2013). The gradient at exactly 0 is slope, as in the limit from below.
 */
export const leakyRelu: OpSpec<{ slope: number }> = {
  name: 'leaky_relu',
  inputs: ['x'],
  saves: ['y'],
  output(shapes, { slope }, where) {
    // The gradient is told from the sign of y, which a negative slope would not keep.
    if (!(slope >= 0 && slope <= 1))
      throw new ShapeError(`leaky_relu at ${where}: slope must lie in 0..1, got ${slope}`);
    return sameAs(shapes.x!);
  },
  forward(t, { slope }, ctx) {
    const { vec4s: count } = geometryOf(t.x!.shape, t.x!.layout);
    const { workgroups, stride } = linearGrid(count, ctx.target);
    const label = `leaky_relu:forward at ${ctx.where}`;
    const buffers = { x: t.x!, y: t.y! };
    return [dispatch(leakyReluForwardKernel, {}, label, buffers, { count, stride, slope }, workgroups)];
  },
  backward: {
    x(t, { slope }, ctx) {
      const { vec4s: count } = geometryOf(t.y!.shape, t.y!.layout);
      const { workgroups, stride } = linearGrid(count, ctx.target);
      const label = `leaky_relu:backward:x at ${ctx.where}`;
      const buffers = { y: t.y!, dy: t.dy!, dx: t.dx! };
      return [dispatch(leakyReluBackwardKernel, {}, label, buffers, { count, stride, slope }, workgroups)];
    },
  },
  cost: (shapes) => ({ flops: sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

/** y = 1 / (1 + exp(-x)), any shape. */
export const sigmoid: OpSpec<Record<string, never>> = {
  name: 'sigmoid',
  inputs: ['x'],
  saves: ['y'],
  output: (shapes) => sameAs(shapes.x!),
  forward(t, _attrs, ctx) {
    const x = t.x!;
    const image = x.layout === 'image';
    const { vec4s: count } = geometryOf(x.shape, x.layout);
    const { workgroups, stride } = linearGrid(count, ctx.target);
    const [C, H, W] = image ? x.shape.slice(1) : [x.shape.at(-1) ?? 1, 0, 0];
    const params = { count, stride, C: C!, H: H!, W: W! };
    const label = `sigmoid:forward at ${ctx.where}`;
    return [dispatch(sigmoidForwardKernel, { image }, label, { x, y: t.y! }, params, workgroups)];
  },
  backward: {
    x(t, _attrs, ctx) {
      const { vec4s: count } = geometryOf(t.y!.shape, t.y!.layout);
      const { workgroups, stride } = linearGrid(count, ctx.target);
      const label = `sigmoid:backward:x at ${ctx.where}`;
      const buffers = { y: t.y!, dy: t.dy!, dx: t.dx! };
      return [dispatch(sigmoidBackwardKernel, {}, label, buffers, { count, stride }, workgroups)];
    },
  },
  // The exponential counts as one operation.
  cost: (shapes) => ({ flops: 4 * sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};
