// What this adapter can do at best, measured in the same run: multiply-adds in registers, and a copy by a kernel.
import { type Tensor, tensor } from '../../src/base/tensor.js';
import type { Device } from '../../src/gpu/device.js';
import { dispatch, type KernelSpec, linearGrid } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { measure, type Timed } from './measure.js';

export interface Ceilings {
  /** GFLOP/s of multiply-adds between registers. */
  readonly gflops: number;
  /** GB/s, read and written, of a copy of vec4s. */
  readonly gbps: number;
}

/** Independent vec4 accumulators of one thread: enough to hide the latency of a multiply-add. */
const CHAINS = 8;

const fmaKernel: KernelSpec<Record<string, never>> = {
  name: 'ceiling_fma',
  bindings: () => ({ y: 'read_write' }),
  params: { iterations: 'u32', factor: 'f32', offset: 'f32' },
  shader: () => `
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>; // [threads]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let a = vec4f(params.factor);
  let b = vec4f(params.offset);
  ${list((i) => `var v${i} = vec4f(f32(global_id.x + ${i}u));`)}
  for (var i = 0u; i < params.iterations; i++) {
    ${list((i) => `v${i} = v${i} * a + b;`)}
  }
  y[global_id.x] = ${list((i) => `v${i}`, ' + ')};
}
`,
  variants: [{}],
};

const copyKernel: KernelSpec<Record<string, never>> = {
  name: 'ceiling_copy',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { count: 'u32', stride: 'u32' },
  shader: () => `
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [count]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [count]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.count) {
    y[i] = x[i];
  }
}
`,
  variants: [{}],
};

function list(body: (i: number) => string, separator = '\n    '): string {
  return Array.from({ length: CHAINS }, (_, i) => body(i)).join(separator);
}

/** Measures both limits, `repetitions` times in turn. */
export async function measureCeilings(device: Device, repetitions: number): Promise<Ceilings> {
  const store = new TensorStore(device);
  try {
    const pinned = (name: string, vec4s: number) =>
      store.pin(tensor(name, [4 * vec4s], { lifetime: 'pinned' }));
    // A GPU needs more threads to be busy and more bytes to leave its caches behind.
    const threads = device.target.cpu ? 4096 : 1 << 20;
    const iterations = device.target.cpu ? 8192 : 4096;
    const copied = (device.target.cpu ? 32 : 256) * 2 ** 20;
    const bytes = Math.min(copied, device.gpu.limits.maxStorageBufferBindingSize);
    const [fma, copy] = await Promise.all([
      fmaProgram(store, pinned('fma', threads), threads, iterations),
      copyProgram(store, pinned('from', bytes / 16), pinned('to', bytes / 16), bytes / 16),
    ]);
    const timed: Timed[] = [
      { name: 'ceiling:fma', program: fma, flops: threads * iterations * CHAINS * 4 * 2, bytes: 0 },
      { name: 'ceiling:copy', program: copy, flops: 0, bytes: 2 * bytes },
    ];
    const [multiplied, moved] = await measure(device, timed, repetitions);
    for (const { program } of timed) program.destroy();
    return { gflops: multiplied!.gflops, gbps: moved!.gbps };
  } finally {
    store.destroy();
  }
}

function fmaProgram(store: TensorStore, y: Tensor, threads: number, iterations: number): Promise<Program> {
  // A factor below one keeps every value finite; the compiler cannot know either number.
  const params = { iterations, factor: 0.999, offset: 0.001 };
  const list = [dispatch(fmaKernel, {}, 'ceiling:fma', { y }, params, [threads / 64, 1, 1])];
  return Program.compile(store, list, { label: 'ceiling:fma' });
}

function copyProgram(store: TensorStore, x: Tensor, y: Tensor, count: number): Promise<Program> {
  const { workgroups, stride } = linearGrid(count, store.device.target);
  const list = [dispatch(copyKernel, {}, 'ceiling:copy', { x, y }, { count, stride }, workgroups)];
  return Program.compile(store, list, { label: 'ceiling:copy' });
}
