// Kernels and dispatches as plain data. A kernel file describes work; only Program runs it.
import type { Choices } from './choices.js';

/** What factors are computed in: f32, or f16 where that is faster; sums are f32 in both. */
export type Precision = 'f32' | 'mixed';

/** What a kernel may know about the adapter: numbers, never a device. */
export interface Target {
  /** Lanes of a subgroup where the adapter has subgroups of one fixed size, else 0. */
  readonly subgroupSize: number;
  /** True for CPU rasterisers (llvmpipe, SwiftShader), where barriers and shared memory cost most. */
  readonly cpu: boolean;
  /** Largest number of workgroups along one dimension. */
  readonly maxWorkgroups: number;
  /** Most bytes of one storage buffer binding. */
  readonly maxBindingBytes: number;
  /** Most texels of a 2-D texture along one dimension. */
  readonly maxTextureSize: number;
  /** Most threads of one workgroup, along x too. */
  readonly maxWorkgroupThreads: number;
  /** Bytes of memory that the threads of one workgroup share. */
  readonly maxSharedBytes: number;
  /** Whether shaders may compute and store f16. */
  readonly f16: boolean;
  /** `mixed` lets convolutions round their factors to f16 (sums stay f32), where the adapter has it. */
  readonly precision: Precision;
  /** Products that a subgroup computes as one, f16 factors into f32 sums; empty where the adapter has none. */
  readonly matrices: readonly MatrixShape[];
  /** Variants to take instead of the defaults: an autotuner's, a preset's, or pinned ones. */
  readonly choices?: Choices;
}

/** [m,k] x [k,n], computed by a subgroup of `subgroup` lanes. */
export interface MatrixShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly subgroup: number;
  /** Computed by plain loops instead: for tests on adapters without such products. */
  readonly emulated?: boolean;
}

/** The least that WebGPU promises, and no optional feature. */
export const PLAIN_TARGET: Target = {
  subgroupSize: 0,
  cpu: false,
  maxWorkgroups: 65535,
  maxBindingBytes: 2 ** 27,
  maxTextureSize: 8192,
  maxWorkgroupThreads: 256,
  maxSharedBytes: 16384,
  f16: false,
  precision: 'f32',
  matrices: [],
};

/** `texture`: read only, through a copy of the tensor in a storage texture (see gpu/texture.ts). */
export type Access = 'read' | 'read_write' | 'texture';
/** Access by the name of the tensor. */
export type Bindings = Readonly<Record<string, Access>>;
/** What is fixed when a shader is compiled: tile shapes, ways to load, epilogues. */
export type Variant = Readonly<Record<string, string | number | boolean>>;

/**
 * One entry point `main`. Binding 0 is the uniform `params`; the tensors follow at 1, 2, ... in the order of
 * `bindings`, each an array<vec4f> or array<f32> (the shader says which), or a texture of vec4s.
 */
export interface KernelSpec<V extends Variant = Variant> {
  /** Also the stem of the shader file. */
  readonly name: string;
  /** Tensors that a variant binds, in order, and how it accesses them. */
  readonly bindings: (variant: V) => Bindings;
  readonly params: Readonly<Record<string, 'u32' | 'f32'>>;
  /** The WGSL of a variant, without what is generated from this spec. */
  readonly shader: (variant: V) => string;
  /** Every variant that the op may ask for on some adapter: tests parse and compile them all. */
  readonly variants: readonly V[];
}

/** Workgroups of a dispatch in x, y and z, at most 65,535 each. */
export type Workgroups = readonly [number, number, number];

/** One run of one kernel, with symbolic (`Ref` = Tensor) or real buffers. */
export interface Dispatch<Ref> {
  readonly kernel: KernelSpec;
  readonly variant: Variant;
  /** `op:direction at layer`, shown by profilers and errors. */
  readonly label: string;
  readonly buffers: Readonly<Record<string, Ref>>;
  readonly params: Readonly<Record<string, number>>;
  readonly workgroups: Workgroups;
}

/** Types a dispatch against its kernel's variant, then forgets the variant's type. */
export function dispatch<V extends Variant, Ref>(
  kernel: KernelSpec<V>,
  variant: NoInfer<V>,
  label: string,
  buffers: Record<string, Ref>,
  params: Record<string, number>,
  workgroups: Workgroups,
): Dispatch<Ref> {
  return { kernel: kernel as unknown as KernelSpec, variant, label, buffers, params, workgroups };
}

/** What a dispatch writes. */
export function written<Ref>(d: Dispatch<Ref>): Ref[] {
  const access = d.kernel.bindings(d.variant);
  return Object.entries(d.buffers)
    .filter(([name]) => access[name] === 'read_write')
    .map(([, ref]) => ref);
}

/** WGSL declarations of `Params` and its binding, generated from the spec so that the two cannot differ. */
export function paramsStruct(params: Readonly<Record<string, 'u32' | 'f32'>>): string {
  const fields = Object.entries(params).map(([name, type]) => `  ${name}: ${type},`);
  return `struct Params {\n${fields.join('\n')}\n}\n@group(0) @binding(0) var<uniform> params: Params;`;
}

/** Lanes per workgroup of the linear kernels (one thread per vec4). */
export const LINEAR_WORKGROUP = 64;

/**
 * Grid for `count` threads in workgroups of LINEAR_WORKGROUP, folded over y beyond the limit of one
 * dimension. The shader's index is `global_id.x + global_id.y * params.stride`.
 */
export function linearGrid(count: number, target: Target): { workgroups: Workgroups; stride: number } {
  const groups = Math.max(1, Math.ceil(count / LINEAR_WORKGROUP));
  const x = Math.min(groups, target.maxWorkgroups);
  return { workgroups: [x, Math.ceil(groups / x), 1], stride: x * LINEAR_WORKGROUP };
}
