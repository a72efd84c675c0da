// What a program replays: dispatches with pipeline, bind group and the texture copies that go before them.
import { KernelError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import type { Dispatch } from '../gpu/kernel.js';
import type { TensorStore } from '../gpu/store.js';
import { encodeTextureCopy } from '../gpu/texture.js';
import type { MemoryPlan } from './liveness.js';
import { encodeParams, UNIFORM_STRIDE } from './uniforms.js';

/** A dispatch, ready to be encoded. */
export interface Step {
  readonly dispatch: Dispatch<Tensor>;
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
  /** Made before this dispatch, so that it begins a pass of its own. */
  readonly copies: readonly { tensor: Tensor; buffer: GPUBuffer; texture: GPUTexture; vec4s: number }[];
  /** As last written: the dispatch's own, changed by setParams. */
  readonly params: Record<string, number>;
}

/**
 * Writes every dispatch's params into `uniforms` and binds its buffers and textures. KernelError where a binding of
 * the kernel has no tensor.
 */
export function bindSteps(
  store: TensorStore,
  dispatches: readonly Dispatch<Tensor>[],
  pipelines: readonly GPUComputePipeline[],
  plan: MemoryPlan,
  slots: readonly GPUBuffer[],
  textures: readonly GPUTexture[],
  uniforms: GPUBuffer,
): Step[] {
  const { device } = store;
  const bufferOf = (t: Tensor) =>
    t.lifetime === 'pinned' ? store.buffer(t) : slots[plan.slotOf.get(t.id)!]!;
  /** The texture that holds each tensor's last copy. */
  const copied = new Map<Tensor, GPUTexture>();
  return dispatches.map((d, i): Step => {
    const copies = plan.textures.copies
      .filter(({ before }) => before === i)
      .map(({ tensor, slot }) => {
        const texture = textures[slot]!;
        copied.set(tensor, texture);
        return {
          tensor,
          buffer: bufferOf(tensor),
          texture,
          vec4s: geometryOf(tensor.shape, tensor.layout).vec4s,
        };
      });
    const params = encodeParams(d);
    device.write(uniforms, params, i * UNIFORM_STRIDE);
    const entries: GPUBindGroupEntry[] = [
      { binding: 0, resource: { buffer: uniforms, offset: i * UNIFORM_STRIDE, size: params.byteLength } },
      ...Object.entries(d.kernel.bindings(d.variant)).map(([name, access], at) => {
        const t = d.buffers[name];
        if (!t) throw new KernelError(`${d.label}: nothing is bound to ${name} of ${d.kernel.name}`);
        if (access === 'texture') {
          return { binding: at + 1, resource: (copied.get(t) ?? store.texture(t)).createView() };
        }
        return {
          binding: at + 1,
          resource: { buffer: bufferOf(t), size: geometryOf(t.shape, t.layout).bytes },
        };
      }),
    ];
    const layout = pipelines[i]!.getBindGroupLayout(0);
    const bindings = device.gpu.createBindGroup({ label: d.label, layout, entries });
    return { dispatch: d, pipeline: pipelines[i]!, bindings, copies, params: { ...d.params } };
  });
}

/** Encodes the copies that go before a step; no pass may be open. */
export function encodeCopies(encoder: GPUCommandEncoder, step: Step): void {
  for (const { buffer, texture, vec4s } of step.copies) encodeTextureCopy(encoder, buffer, texture, vec4s);
}

/** Encodes a step's dispatch into a pass. */
export function encode(pass: GPUComputePassEncoder, step: Step): void {
  pass.setPipeline(step.pipeline);
  pass.setBindGroup(0, step.bindings);
  pass.dispatchWorkgroups(...step.dispatch.workgroups);
}
