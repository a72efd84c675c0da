// What this adapter can do at best, measured in the same run: multiply-adds in registers, and memory by kernels.
import { type Tensor, tensor } from '../../src/base/tensor.js';
import type { Device } from '../../src/gpu/device.js';
import { dispatch, type KernelSpec, linearGrid } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { measure, type Timed } from './measure.js';

export interface Ceilings {
  /** GFLOP/s of multiply-adds between registers. */
  readonly gflops: number;
  /** GB/s, read and written, of a copy of vec4s larger than a CPU's caches. */
  readonly copyGbps: number;
  /** GB/s of reading the same vec4s and adding them up. */
  readonly readGbps: number;
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
  y[global_id.x] = ${list((i) => `v${i}`, CHAINS, ' + ')};
}
`,
  variants: [{}],
};

/** vec4s that one thread of the memory kernels visits, a grid apart. */
const VISITS = 8;

const copyKernel: KernelSpec<Record<string, never>> = {
  name: 'ceiling_copy',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { threads: 'u32', stride: 'u32' },
  shader: () => `
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [VISITS][threads]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // as x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.threads) {
    ${list((v) => `y[i + ${v}u * params.threads] = x[i + ${v}u * params.threads];`, VISITS)}
  }
}
`,
  variants: [{}],
};

const readKernel: KernelSpec<Record<string, never>> = {
  name: 'ceiling_read',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { threads: 'u32', stride: 'u32' },
  shader: () => `
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [VISITS][threads]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [threads]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.threads) {
    y[i] = ${list((v) => `x[i + ${v}u * params.threads]`, VISITS, ' + ')};
  }
}
`,
  variants: [{}],
};

function list(body: (i: number) => string, count = CHAINS, separator = '\n    '): string {
  return Array.from({ length: count }, (_, i) => body(i)).join(separator);
}

/** Measures all limits, `repetitions` times in turn. */
export async function measureCeilings(device: Device, repetitions: number): Promise<Ceilings> {
  const store = new TensorStore(device);
  try {
    const pinned = (name: string, vec4s: number) =>
      store.pin(tensor(name, [4 * vec4s], { lifetime: 'pinned' }));
    // A GPU needs more threads to be busy and more bytes to leave its caches behind.
    const threads = device.target.cpu ? 4096 : 1 << 20;
    const iterations = device.target.cpu ? 8192 : 4096;
    const wanted = (device.target.cpu ? 32 : 256) * 2 ** 20;
    const visitors = Math.floor(
      Math.min(wanted, device.gpu.limits.maxStorageBufferBindingSize) / (16 * VISITS),
    );
    const bytes = 16 * VISITS * visitors;
    const fma = await fmaProgram(store, pinned('fma', threads), threads, iterations);
    const from = pinned('from', VISITS * visitors);
    const copy = await memoryProgram(store, copyKernel, from, pinned('to', VISITS * visitors), visitors);
    const read = await memoryProgram(store, readKernel, from, pinned('sums', visitors), visitors);
    const timed: Timed[] = [
      { name: 'ceiling:fma', program: fma, flops: threads * iterations * CHAINS * 4 * 2, bytes: 0 },
      { name: 'ceiling:copy', program: copy, flops: 0, bytes: 2 * bytes },
      { name: 'ceiling:read', program: read, flops: 0, bytes: bytes + 16 * visitors },
    ];
    const [multiplied, copied, summed] = await measure(device, timed, repetitions);
    for (const { program } of timed) program.destroy();
    return { gflops: multiplied!.gflops, copyGbps: copied!.gbps, readGbps: summed!.gbps };
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

function memoryProgram(
  store: TensorStore,
  kernel: KernelSpec<Record<string, never>>,
  x: Tensor,
  y: Tensor,
  threads: number,
): Promise<Program> {
  const { workgroups, stride } = linearGrid(threads, store.device.target);
  const work = [dispatch(kernel, {}, kernel.name, { x, y }, { threads, stride }, workgroups)];
  return Program.compile(store, work, { label: kernel.name });
}
