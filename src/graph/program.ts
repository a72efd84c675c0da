// A list of dispatches compiled once and replayed: slots, textures, uniforms, bind groups. A run is one submit, with a
// pass for each stretch of dispatches between texture copies.
import { KernelError, OutOfMemoryError } from '../base/errors.js';
import { geometryOf, poison, unpackTensor } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import { type Device, mib } from '../gpu/device.js';
import type { Dispatch } from '../gpu/kernel.js';
import type { TensorStore } from '../gpu/store.js';
import { computeConstants, readAsTextures, rebind } from './constants.js';
import { hoistConstants, lifetimes, type MemoryPlan, planMemory } from './liveness.js';
import { profileSteps, type Timing } from './profile.js';
import type { SharedMemory } from './shared-memory.js';
import { bindSteps, encode, encodeCopies, type Step } from './steps.js';
import { encodeParams, UNIFORM_STRIDE } from './uniforms.js';

/** What `Program.compile` keeps, reuses and poisons. */
export interface CompileOptions {
  label?: string;
  /** Transient tensors that must be readable after a run. */
  keep?: readonly Tensor[];
  /** False gives every transient tensor its own buffer (for tests). */
  reuse?: boolean;
  /** Where its slots and textures lie, with those of other programs; none may be kept then. Left out: its own. */
  memory?: SharedMemory;
}

/**
 * Owns the slots, textures and uniforms of one compiled list, unless slots and textures lie in a shared memory; pinned
 * tensors stay in the store.
 */
export class Program {
  private constructor(
    private readonly device: Device,
    private readonly store: TensorStore,
    readonly label: string,
    readonly plan: MemoryPlan,
    private readonly slots: readonly GPUBuffer[],
    private readonly uniforms: GPUBuffer,
    /** What `destroy` frees. */
    private readonly owned: readonly (GPUBuffer | GPUTexture)[],
    private readonly steps: readonly Step[],
    private readonly spans: ReadonlyMap<Tensor, { first: number; last: number }>,
    private readonly hoisted: ReadonlyMap<number, Tensor>,
  ) {}

  /**
   * Plans memory for `dispatches` and compiles their kernels. OutOfMemoryError where the adapter does not give
   * that memory, KernelError where it refuses a kernel.
   */
  static async compile(
    store: TensorStore,
    dispatches: readonly Dispatch<Tensor>[],
    options: CompileOptions = {},
  ): Promise<Program> {
    const { setup, step } = hoistConstants(dispatches);
    // All at once, so that progress is told of the whole.
    await store.device.pipelinesOf(dispatches);
    const asTextures = readAsTextures(dispatches, options.keep);
    const hoisted = await computeConstants(store, setup, asTextures, async (list) => {
      const once = await Program.build(store, list, { label: 'constants' }, new Map());
      try {
        once.run();
        await store.device.sync();
      } finally {
        once.destroy();
      }
    });
    const resolved = step.map((d) => rebind(d, hoisted));
    return Program.build(store, resolved, options, hoisted);
  }

  private static async build(
    store: TensorStore,
    dispatches: readonly Dispatch<Tensor>[],
    options: CompileOptions,
    hoisted: ReadonlyMap<number, Tensor>,
  ): Promise<Program> {
    const { device } = store;
    const label = options.label ?? 'program';
    const keep = (options.keep ?? []).filter((t) => t.lifetime === 'transient' && !hoisted.has(t.id));
    const plan = planMemory(dispatches, { keep, reuse: options.reuse ?? true });
    const pipelines = await device.pipelinesOf(dispatches);
    if (options.memory && keep.length > 0) {
      throw new KernelError(`${label}: ${keep[0]!.name} cannot be kept in memory that other programs use`);
    }
    const owned: (GPUBuffer | GPUTexture)[] = [];
    const allocate = (name: string, bytes: number, usage?: number) => {
      const buffer = device.createBuffer(`${label}: ${name}`, bytes, usage);
      owned.push(buffer);
      return buffer;
    };
    const bind = () => {
      const { slots, textures } = options.memory?.take(plan) ?? {
        slots: plan.slots.map((slot) => allocate(`slot ${slot.index} (${slot.key})`, slot.bytes)),
        textures: plan.textures.slots.map((slot) => {
          const texture = device.createTexture(`${label}: texture ${slot.index}`, slot.rows);
          owned.push(texture);
          return texture;
        }),
      };
      const uniformBytes = dispatches.length * UNIFORM_STRIDE;
      const uniforms = allocate('uniforms', uniformBytes, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
      const steps = bindSteps(store, dispatches, pipelines, plan, slots, textures, uniforms);
      return new Program(
        device,
        store,
        label,
        plan,
        slots,
        uniforms,
        owned,
        steps,
        lifetimes(dispatches, keep),
        hoisted,
      );
    };
    device.gpu.pushErrorScope('out-of-memory');
    device.gpu.pushErrorScope('validation');
    let program: Program | undefined;
    let thrown: unknown;
    try {
      program = bind();
    } catch (error) {
      thrown = error;
    }
    // Both scopes are taken off also where `bind` threw: left on, they would swallow every later error.
    const invalid = await device.gpu.popErrorScope();
    const exhausted = await device.gpu.popErrorScope();
    if (exhausted) {
      thrown = new OutOfMemoryError(
        `${label}: ${mib(plan.transientBytes + plan.textureBytes)} MiB for ${plan.slots.length} slots and ${plan.textures.slots.length} textures could not be had: ${exhausted.message}`,
      );
    }
    if (invalid) thrown ??= new KernelError(`${label}: ${invalid.message}`);
    if (program && !thrown) return program;
    for (const memory of owned) memory.destroy();
    throw thrown;
  }

  /** Number of dispatches of one run. */
  get length(): number {
    return this.steps.length;
  }

  /** Submits one run; does not wait. */
  run(): void {
    const encoder = this.device.gpu.createCommandEncoder({ label: this.label });
    let pass: GPUComputePassEncoder | undefined;
    for (const step of this.steps) {
      if (step.copies.length > 0) {
        pass?.end();
        pass = undefined;
        encodeCopies(encoder, step);
      }
      pass ??= encoder.beginComputePass({ label: this.label });
      encode(pass, step);
    }
    pass?.end();
    this.device.submit(encoder.finish());
  }

  /**
   * Sets params of every dispatch whose label is `label`, from the next run on; the others keep their values.
   * KernelError where no dispatch has that label (those of constants run once, at compile time) or its kernel
   * has no such param.
   */
  setParams(label: string, params: Readonly<Record<string, number>>): void {
    let found = false;
    for (const [i, { dispatch, params: current }] of this.steps.entries()) {
      if (dispatch.label !== label) continue;
      found = true;
      const words = encodeParams({ ...dispatch, params: { ...current, ...params } });
      Object.assign(current, params);
      this.device.write(this.uniforms, words, i * UNIFORM_STRIDE);
    }
    if (!found) throw new KernelError(`${this.label} has no dispatch labelled ${label}`);
  }

  /** Logical values of a pinned or kept tensor, after all submitted work; KernelError for any other. */
  async read(t: Tensor): Promise<Float32Array> {
    return (await this.readAll([t]))[0]!;
  }

  /** `read` for several small tensors with one wait. */
  async readAll(tensors: readonly Tensor[]): Promise<Float32Array[]> {
    const parts = tensors.map((t) => ({
      buffer: this.source(t),
      bytes: geometryOf(t.shape, t.layout).bytes,
    }));
    return this.device.readMany(parts, (heads) =>
      tensors.map((t, i) => unpackTensor(heads[i]!, t.shape, t.layout)),
    );
  }

  /** The buffer that holds `t` after a run. */
  private source(t: Tensor): GPUBuffer {
    const actual = this.hoisted.get(t.id) ?? t;
    if (actual.lifetime === 'pinned') return this.store.buffer(actual);
    const slot = this.slot(t);
    if (this.spans.get(t)!.last < this.length) {
      throw new KernelError(
        `${this.label}: ${t.name} is not kept, so that its slot may hold another tensor by now`,
      );
    }
    return slot;
  }

  private slot(t: Tensor): GPUBuffer {
    const index = this.plan.slotOf.get(t.id);
    if (index === undefined) throw new KernelError(`${this.label}: ${t.name} is no tensor of this program`);
    return this.slots[index]!;
  }

  /**
   * One run with every slot filled with NaN (padding lanes too, the zero border excepted) just before a tensor
   * is first written in it: whoever reads what nobody wrote gets NaN. For tests; one submit per dispatch.
   */
  runPoisoned(): void {
    const first = new Map<number, Tensor[]>();
    for (const [t, span] of this.spans) first.set(span.first, [...(first.get(span.first) ?? []), t]);
    for (const [i, step] of this.steps.entries()) {
      for (const t of first.get(i) ?? []) {
        this.device.write(this.slot(t), poison(t.shape, t.layout));
      }
      const encoder = this.device.gpu.createCommandEncoder({ label: step.dispatch.label });
      encodeCopies(encoder, step);
      const pass = encoder.beginComputePass({ label: step.dispatch.label });
      encode(pass, step);
      pass.end();
      this.device.submit(encoder.finish());
    }
  }

  /** `runs` runs, one after the other, timed dispatch by dispatch: see `profileSteps`. */
  profile(runs = 1): Promise<Timing[]> {
    return profileSteps(this.device, this.label, this.steps, runs);
  }

  /** Frees what it owns; pinned tensors and shared memory stay. */
  destroy(): void {
    for (const memory of this.owned) memory.destroy();
  }
}
