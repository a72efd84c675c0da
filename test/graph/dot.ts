// An op for tests alone: loss = sum(x * w), with one thread, so that these tests rest on no other op.
import { wgsl } from '../../shaders/wgsl.js';
import { geometryOf } from '../../src/base/layout.js';
import { dispatch, type KernelSpec } from '../../src/gpu/kernel.js';
import type { OpSpec } from '../../src/kernels/op.js';

const dotKernel: KernelSpec<Record<string, never>> = {
  name: 'dot',
  bindings: () => ({ x: 'read', w: 'read', y: 'read_write' }),
  params: { count: 'u32' },
  shader: () => wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // any layout
@group(0) @binding(2) var<storage, read> w: array<vec4f>;       // as x
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [1]

@compute @workgroup_size(1)
fn main() {
  var sum = vec4f();
  for (var i = 0u; i < params.count; i++) {
    sum += x[i] * w[i];
  }
  y[0] = vec4f(dot(sum, vec4f(1.0)), 0.0, 0.0, 0.0);
}
`,
  variants: [{}],
};

const scaleKernel: KernelSpec<Record<string, never>> = {
  name: 'dot_backward',
  bindings: () => ({ w: 'read', dy: 'read', dx: 'read_write' }),
  params: { count: 'u32' },
  shader: () => wgsl`
@group(0) @binding(1) var<storage, read> w: array<vec4f>;        // any layout
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;       // [1]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // as w

@compute @workgroup_size(1)
fn main() {
  for (var i = 0u; i < params.count; i++) {
    dx[i] = dy[0].x * w[i];
  }
}
`,
  variants: [{}],
};

/** loss [1] = sum(x * w), x and w of one shape; only x has a gradient. */
export const dot: OpSpec<Record<string, never>> = {
  name: 'dot',
  inputs: ['x', 'w'],
  saves: ['w'],
  output: () => ({ shape: [1], layout: 'flat' }),
  forward: ({ x, w, y }, _attrs, { where }) => [
    dispatch(
      dotKernel,
      {},
      `dot:forward at ${where}`,
      { x: x!, w: w!, y: y! },
      { count: geometryOf(x!.shape, x!.layout).vec4s },
      [1, 1, 1],
    ),
  ],
  backward: {
    x: ({ w, dy, dx }, _attrs, { where }) => [
      dispatch(
        scaleKernel,
        {},
        `dot:backward:x at ${where}`,
        { w: w!, dy: dy!, dx: dx! },
        { count: geometryOf(w!.shape, w!.layout).vec4s },
        [1, 1, 1],
      ),
    ],
  },
  cost: () => ({ flops: 0, bytes: 0 }),
};
