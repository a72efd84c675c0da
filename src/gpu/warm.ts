// First dispatches made ahead. A CPU rasteriser translates a pipeline to machine code only when it is dispatched for
// the first time, which takes up to a second: left to the first step, that wait could show no progress.

/** Holds every kernel's params; storage needs a vec4 at least. */
const DUMMY_BYTES = 256;

/** Owns small buffers and a texture that stand for real ones in a dispatch that runs nothing. */
export class WarmUp {
  private readonly buffers = new Map<number, GPUBuffer>();
  private texture: GPUTexture | undefined;
  private grid: GPUBuffer | undefined;

  constructor(private readonly gpu: GPUDevice) {}

  /** Submits a dispatch of no workgroup: nothing runs, but the driver has what it needs to run it. */
  dispatch(
    pipeline: GPUComputePipeline,
    layout: GPUBindGroupLayout,
    entries: readonly GPUBindGroupLayoutEntry[],
  ): void {
    const label = `warm-up of ${pipeline.label}`;
    const bound = entries.map((entry, i): GPUBindGroupEntry => {
      const resource = entry.storageTexture ? this.view() : { buffer: this.buffer(i) };
      return { binding: entry.binding, resource };
    });
    const encoder = this.gpu.createCommandEncoder({ label });
    const pass = encoder.beginComputePass({ label });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.gpu.createBindGroup({ label, layout, entries: bound }));
    // The count comes from a buffer: WebGPU warns of a zero that it can see.
    pass.dispatchWorkgroupsIndirect(this.none(), 0);
    pass.end();
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** Twelve zero bytes: 0 x 0 x 0 workgroups. */
  private none(): GPUBuffer {
    this.grid ??= this.gpu.createBuffer({ label: 'warm-up grid', size: 12, usage: GPUBufferUsage.INDIRECT });
    return this.grid;
  }

  /** One per place: a dispatch may not read and write the same buffer. */
  private buffer(place: number): GPUBuffer {
    let buffer = this.buffers.get(place);
    if (!buffer) {
      buffer = this.gpu.createBuffer({
        label: `warm-up ${place}`,
        size: DUMMY_BYTES,
        // Uniforms only ever stand in the first place.
        usage: place === 0 ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE,
      });
      this.buffers.set(place, buffer);
    }
    return buffer;
  }

  private view(): GPUTextureView {
    this.texture ??= this.gpu.createTexture({
      label: 'warm-up',
      size: [1, 1],
      format: 'rgba32float',
      usage: GPUTextureUsage.STORAGE_BINDING,
    });
    return this.texture.createView();
  }

  destroy(): void {
    for (const buffer of this.buffers.values()) buffer.destroy();
    this.texture?.destroy();
    this.grid?.destroy();
  }
}
