// A list of dispatches compiled once and replayed: slots, uniforms, bind groups; one pass, one submit.
import { KernelError } from '../base/errors.js';
import { geometryOf, packTensor, unpackTensor } from '../base/layout.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { Device } from '../gpu/device.js';
import type { Dispatch } from '../gpu/kernel.js';
import type { TensorStore } from '../gpu/store.js';
import { hoistConstants, lifetimes, type MemoryPlan, planMemory, written } from './liveness.js';
import { encodeParams, UNIFORM_STRIDE } from './uniforms.js';

export interface CompileOptions {
  label?: string;
  /** Transient tensors that must be readable after a run. */
  keep?: readonly Tensor[];
  /** False gives every transient tensor its own buffer (for tests). */
  reuse?: boolean;
  /** Called as pipelines become ready. */
  onPipeline?: (done: number, total: number) => void;
}

interface Step {
  readonly dispatch: Dispatch<Tensor>;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
}

/** Owns the slots and uniforms of one compiled list; pinned tensors stay in the store. */
export class Program {
  private constructor(
    private readonly device: Device,
    private readonly store: TensorStore,
    readonly label: string,
    readonly plan: MemoryPlan,
    private readonly slots: readonly GPUBuffer[],
    private readonly uniforms: GPUBuffer,
    private readonly steps: readonly Step[],
    private readonly spans: ReadonlyMap<Tensor, { first: number; last: number }>,
    private readonly hoisted: ReadonlyMap<number, Tensor>,
  ) {}

  static async compile(
    store: TensorStore,
    dispatches: readonly Dispatch<Tensor>[],
    options: CompileOptions = {},
  ): Promise<Program> {
    const { setup, step } = hoistConstants(dispatches);
    const hoisted = await runSetup(store, setup);
    const resolved = step.map((d) => ({ ...d, buffers: mapValues(d.buffers, (t) => hoisted.get(t.id) ?? t) }));
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
    const pipelines: GPUComputePipeline[] = [];
    const kinds = new Set<GPUComputePipeline>();
    for (const [i, d] of dispatches.entries()) {
      const pipeline = await device.pipeline(d.kernel, d.variant);
      pipelines.push(pipeline);
      if (!kinds.has(pipeline)) kinds.add(pipeline);
      options.onPipeline?.(i + 1, dispatches.length);
    }
    device.gpu.pushErrorScope('out-of-memory');
    device.gpu.pushErrorScope('validation');
    const slots = plan.slots.map((slot) => device.createBuffer(`${label}: slot ${slot.index} (${slot.key})`, slot.bytes));
    const uniforms = device.createBuffer(
      `${label}: uniforms`,
      dispatches.length * UNIFORM_STRIDE,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    const bufferOf = (t: Tensor) => (t.lifetime === 'pinned' ? store.buffer(t) : slots[plan.slotOf.get(t.id)!]!);
    const steps = dispatches.map((d, i): Step => {
      device.write(uniforms, encodeParams(d), i * UNIFORM_STRIDE);
      const names = Object.keys(d.kernel.bindings(d.variant));
      const entries: GPUBindGroupEntry[] = [
        { binding: 0, resource: { buffer: uniforms, offset: i * UNIFORM_STRIDE, size: encodeParams(d).byteLength } },
        ...names.map((name, at) => {
          const t = d.buffers[name];
          if (!t) throw new KernelError(`${d.label}: nothing is bound to ${name}`);
          return {
            binding: at + 1,
            resource: { buffer: bufferOf(t), size: geometryOf(t.shape, t.layout).bytes },
          };
        }),
      ];
      const bindings = device.gpu.createBindGroup({ label: d.label, layout: pipelines[i]!.getBindGroupLayout(0), entries });
      return { dispatch: d, pipeline: pipelines[i]!, bindings };
    });
    const invalid = await device.gpu.popErrorScope();
    const exhausted = await device.gpu.popErrorScope();
    const error = invalid ?? exhausted;
    if (error) {
      for (const slot of [...slots, uniforms]) slot.destroy();
      throw new KernelError(`${label}: ${error.message}`);
    }
    return new Program(device, store, label, plan, slots, uniforms, steps, lifetimes(dispatches, keep), hoisted);
  }

  /** Number of dispatches of one run. */
  get length(): number {
    return this.steps.length;
  }

  /** Submits one run; does not wait. */
  run(): void {
    const encoder = this.device.gpu.createCommandEncoder({ label: this.label });
    const pass = encoder.beginComputePass({ label: this.label });
    for (const step of this.steps) encode(pass, step);
    pass.end();
    this.device.submit(encoder.finish());
  }

  /** Sets params of every dispatch whose label is `label`, from the next run on. */
  setParams(label: string, params: Readonly<Record<string, number>>): void {
    let found = false;
    for (const [i, { dispatch }] of this.steps.entries()) {
      if (dispatch.label !== label) continue;
      found = true;
      this.device.write(
        this.uniforms,
        encodeParams({ ...dispatch, params: { ...dispatch.params, ...params } }),
        i * UNIFORM_STRIDE,
      );
    }
    if (!found) throw new KernelError(`${this.label} has no dispatch labelled ${label}`);
  }

  /** Logical values of a pinned or kept tensor, after all submitted work. */
  async read(t: Tensor): Promise<Float32Array> {
    const actual = this.hoisted.get(t.id) ?? t;
    if (actual.lifetime === 'pinned') return this.store.read(actual);
    const { bytes } = geometryOf(t.shape, t.layout);
    return unpackTensor(await this.device.read(this.slot(t), bytes), t.shape, t.layout);
  }

  private slot(t: Tensor): GPUBuffer {
    const index = this.plan.slotOf.get(t.id);
    if (index === undefined) throw new KernelError(`${this.label}: ${t.name} is no tensor of this program`);
    return this.slots[index]!;
  }

  /**
   * One run with every slot filled with NaN (its zero border excepted) just before a tensor is first written
   * in it: whoever reads what nobody wrote gets NaN. For tests; one submit per dispatch.
   */
  runPoisoned(): void {
    const first = new Map<number, Tensor[]>();
    for (const [t, span] of this.spans) first.set(span.first, [...(first.get(span.first) ?? []), t]);
    for (const [i, step] of this.steps.entries()) {
      for (const t of first.get(i) ?? []) {
        const size = t.shape.reduce((a, b) => a * b, 1);
        this.device.write(this.slot(t), packTensor(new Float32Array(size).fill(Number.NaN), t.shape, t.layout));
      }
      const encoder = this.device.gpu.createCommandEncoder({ label: step.dispatch.label });
      const pass = encoder.beginComputePass({ label: step.dispatch.label });
      encode(pass, step);
      pass.end();
      this.device.submit(encoder.finish());
    }
  }

  /** One run with a pass and a timestamp pair per dispatch; milliseconds in order. Needs `timestamp-query`. */
  async profile(): Promise<{ label: string; kernel: string; ms: number }[]> {
    const { gpu } = this.device;
    const count = this.steps.length * 2;
    const queries = gpu.createQuerySet({ label: `${this.label}: profile`, type: 'timestamp', count });
    const resolved = gpu.createBuffer({
      label: `${this.label}: timestamps`,
      size: count * 8,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    try {
      const encoder = gpu.createCommandEncoder({ label: `${this.label}: profile` });
      for (const [i, step] of this.steps.entries()) {
        const pass = encoder.beginComputePass({
          label: step.dispatch.label,
          timestampWrites: { querySet: queries, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
        });
        encode(pass, step);
        pass.end();
      }
      encoder.resolveQuerySet(queries, 0, count, resolved, 0);
      this.device.submit(encoder.finish());
      const bits = await this.device.read(resolved, count * 8);
      const times = new BigUint64Array(bits.buffer);
      return this.steps.map(({ dispatch }, i) => ({
        label: dispatch.label,
        kernel: dispatch.kernel.name,
        ms: Number(times[2 * i + 1]! - times[2 * i]!) / 1e6,
      }));
    } finally {
      queries.destroy();
      resolved.destroy();
    }
  }

  /** Frees slots and uniforms; pinned tensors stay. */
  destroy(): void {
    for (const slot of this.slots) slot.destroy();
    this.uniforms.destroy();
  }
}

function encode(pass: GPUComputePassEncoder, step: Step): void {
  pass.setPipeline(step.pipeline);
  pass.setBindGroup(0, step.bindings);
  pass.dispatchWorkgroups(...step.dispatch.workgroups);
}

/** Runs constant dispatches once; returns the pinned tensor that stands for each transient result. */
async function runSetup(store: TensorStore, setup: readonly Dispatch<Tensor>[]): Promise<Map<number, Tensor>> {
  const stands = new Map<number, Tensor>();
  const todo: Dispatch<Tensor>[] = [];
  for (const d of setup) {
    const outputs = written(d);
    const inputs = Object.values(d.buffers).filter((t) => !outputs.includes(t));
    const sources = inputs.map((t) => stands.get(t.id)?.id ?? t.id);
    const base = `${d.kernel.name}|${JSON.stringify([d.variant, d.params, sources])}`;
    let missing = false;
    for (const [i, t] of outputs.entries()) {
      const key = `${base}|${i}`;
      let made = store.findDerived(key);
      if (!made) {
        missing = true;
        made = store.pin(tensor(t.name, t.shape, { layout: t.layout, lifetime: 'pinned' }));
        store.keepDerived(key, made);
      }
      stands.set(t.id, made);
    }
    if (missing) todo.push({ ...d, buffers: mapValues(d.buffers, (t) => stands.get(t.id) ?? t) });
  }
  if (todo.length > 0) {
    const once = await Program['build'](store, todo, { label: 'constants' }, new Map());
    once.run();
    await store.device.sync();
    once.destroy();
  }
  return stands;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
