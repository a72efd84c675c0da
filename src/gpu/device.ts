// The one owner of a GPUDevice: limits raised, errors kept and thrown by the next call, waits throttled.
import { DeviceLostError, KernelError, OutOfMemoryError } from '../base/errors.js';
import { TEXTURE_WIDTH } from '../base/layout.js';
import type { Platform } from '../platform/platform.js';
import { type Choices, mergeChoices } from './choices.js';
import type { KernelSpec, Precision, Target, Variant } from './kernel.js';
import { MATRIX_FEATURE, matrixShapes, SIZE_FEATURE } from './matrices.js';
import { type CompileProgress, type KernelUse, Pipelines } from './pipelines.js';
import { resolveTuning, type Tuning, type TuningInEffect } from './tuning.js';

/** Which adapter is asked for, and which of several ways of computing an op it takes. */
export interface DeviceOptions {
  powerPreference?: GPUPowerPreference;
  /** Which of several ways of computing an op is taken: `cache` where the platform has a store, else `preset`. */
  tuning?: Tuning;
  /** Choices laid over those of `tuning`. */
  choices?: Choices;
  /** Told before each pipeline that a program has to wait for, and once more when all are ready. */
  onCompile?: (progress: CompileProgress) => void;
  /** Told in one line of what was passed over: a tuning table that cannot be read. A warning on the console if left out. */
  onNote?: (line: string) => void;
  /** `mixed` rounds factors of convolutions to f16 where the adapter has it; `f32` (the default) never does. */
  precision?: Precision;
}

/** What an adapter says of itself: names, kind, features and limits. */
export interface AdapterReport {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
  readonly software: boolean;
}

const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxTextureDimension2D',
] as const;

const WANTED_FEATURES = ['timestamp-query', 'shader-f16', 'subgroups', SIZE_FEATURE];

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|software|basic render/i;

/** Asks for an adapter without opening a device; undefined where there is none (or only Dawn's Null one). */
export async function findAdapter(
  platform: Platform,
  options: DeviceOptions = {},
): Promise<GPUAdapter | undefined> {
  const adapter = await platform.gpu.requestAdapter({
    powerPreference: options.powerPreference ?? 'high-performance',
  });
  if (!adapter || /null.backend/i.test(`${adapter.info.device} ${adapter.info.description}`))
    return undefined;
  return adapter;
}

/** An adapter's names, kind, features and limits, as `facet doctor` shows them. */
export function reportAdapter(adapter: GPUAdapter): AdapterReport {
  const info = adapter.info;
  const limits: Record<string, number> = {};
  for (const name of RAISED_LIMITS) limits[name] = adapter.limits[name] as number;
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    features: [...adapter.features].sort(),
    limits,
    subgroupMinSize: info.subgroupMinSize ?? 0,
    subgroupMaxSize: info.subgroupMaxSize ?? 0,
    software: SOFTWARE.test(`${info.description} ${info.architecture} ${info.device}`),
  };
}

/** Owns the GPUDevice, its pipelines, and every error that it reports. */
export class Device {
  /** The first uncaptured error or loss; kept, and thrown by every later call. */
  private failure: Error | undefined;
  private readonly pipelines: Pipelines;
  private closed = false;

  private constructor(
    readonly platform: Platform,
    readonly gpu: GPUDevice,
    readonly adapter: AdapterReport,
    readonly target: Target,
    /** Where `target.choices` came from. */
    readonly tuning: TuningInEffect,
    onCompile: DeviceOptions['onCompile'],
  ) {
    const host = {
      gpu,
      check: () => this.check(),
      idle: <T>(pending: Promise<T>) => platform.idle(pending),
      sync: () => this.sync(),
    };
    this.pipelines = new Pipelines(host, { warm: target.cpu, onCompile });
    gpu.addEventListener('uncapturederror', (event) => {
      this.failure ??= toError((event as GPUUncapturedErrorEvent).error);
    });
    void gpu.lost.then((info) => {
      if (!this.closed) {
        this.failure ??= new DeviceLostError(
          `the GPU device (${adapter.description || adapter.device || 'unnamed adapter'}) was lost: ${info.message || info.reason}`,
        );
      }
    });
  }

  /** Opens the platform's adapter with its own limits and the optional features that Facet can use. */
  static async open(platform: Platform, options: DeviceOptions = {}): Promise<Device> {
    const adapter = await findAdapter(platform, options);
    if (!adapter) {
      throw new DeviceLostError(
        'no WebGPU adapter was found; `facet doctor` says what is missing and how to mend it',
      );
    }
    const report = reportAdapter(adapter);
    const note = options.onNote ?? ((line: string) => console.warn(`facet: ${line}`));
    const tuned = await resolveTuning(platform, report, options.tuning, note);
    const tuning = { ...tuned, choices: mergeChoices(tuned.choices, options.choices) };
    // An experiment of Dawn's is not asked for where nothing would use it.
    const { precision = 'f32' } = options;
    const gpu = await adapter.requestDevice({
      label: 'facet',
      requiredFeatures: [...WANTED_FEATURES, ...(precision === 'mixed' ? [MATRIX_FEATURE] : [])].filter(
        (name) => adapter.features.has(name),
      ) as GPUFeatureName[],
      requiredLimits: { ...report.limits },
    });
    const fixedSubgroup =
      gpu.features.has('subgroups' as GPUFeatureName) && report.subgroupMinSize === report.subgroupMaxSize;
    const target: Target = {
      subgroupSize: fixedSubgroup ? report.subgroupMinSize : 0,
      cpu: report.software,
      maxWorkgroups: gpu.limits.maxComputeWorkgroupsPerDimension,
      maxBindingBytes: Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize),
      maxTextureSize: gpu.limits.maxTextureDimension2D,
      maxWorkgroupThreads: Math.min(
        gpu.limits.maxComputeInvocationsPerWorkgroup,
        gpu.limits.maxComputeWorkgroupSizeX,
      ),
      maxSharedBytes: gpu.limits.maxComputeWorkgroupStorageSize,
      f16: gpu.features.has('shader-f16'),
      precision,
      matrices: matrixShapes(adapter.info, gpu.features),
      choices: tuning.choices,
    };
    return new Device(platform, gpu, report, target, tuning, options.onCompile);
  }

  /** Throws what went wrong since the last call, if anything did. */
  check(): void {
    if (this.failure) throw this.failure;
  }

  /** A buffer of `bytes` bytes, zeroed by WebGPU; the caller owns it. */
  createBuffer(label: string, bytes: number, usage?: number): GPUBuffer {
    this.check();
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const { maxBufferSize, maxStorageBufferBindingSize } = this.gpu.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    if (size > limit) {
      throw new OutOfMemoryError(
        `${label}: ${mib(size)} MiB exceed what one binding of this adapter may hold (${mib(limit)} MiB); choose a smaller size`,
      );
    }
    return this.gpu.createBuffer({
      label,
      size,
      usage: usage ?? GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  /** Runs `allocate`; OutOfMemoryError, naming `what`, where the adapter has not as much memory as it asks for. */
  async allocating<T>(what: string, allocate: () => T | Promise<T>): Promise<T> {
    this.gpu.pushErrorScope('out-of-memory');
    const made = await Promise.resolve()
      .then(allocate)
      .catch((error: unknown) => new Failure(error));
    // Taken off also where `allocate` threw: left on, it would swallow every later error.
    const exhausted = await this.gpu.popErrorScope();
    if (exhausted) throw new OutOfMemoryError(`${what} could not be had: ${exhausted.message}`);
    if (made instanceof Failure) throw made.reason;
    return made;
  }

  /** A texture of `rows` rows that tensors are copied into to be read by kernels; the caller owns it. */
  createTexture(label: string, rows: number): GPUTexture {
    this.check();
    const limit = this.target.maxTextureSize;
    if (Math.max(TEXTURE_WIDTH, rows) > limit) {
      throw new OutOfMemoryError(
        `${label}: a texture of ${TEXTURE_WIDTH} x ${rows} exceeds this adapter's ${limit} texels per side`,
      );
    }
    return this.gpu.createTexture({
      label,
      size: [TEXTURE_WIDTH, rows],
      format: 'rgba32float',
      usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST,
    });
  }

  /** The compiled kernel variant; made once, inside an error scope that names kernel, line and text. */
  pipeline(kernel: KernelSpec, variant: Variant): Promise<GPUComputePipeline> {
    return this.pipelines.get({ kernel, variant });
  }

  /** The pipelines of `uses`, in their order; `onCompile` is told of those that are compiled. */
  pipelinesOf(uses: readonly KernelUse[]): Promise<GPUComputePipeline[]> {
    return this.pipelines.all(uses);
  }

  /** Hands commands to the queue; throws what went wrong on the device before. */
  submit(commands: GPUCommandBuffer): void {
    this.check();
    this.gpu.queue.submit([commands]);
  }

  /** Resolves when everything submitted so far is done; throws what failed meanwhile. */
  async sync(): Promise<void> {
    this.check();
    await this.platform.idle(this.gpu.queue.onSubmittedWorkDone());
    this.check();
  }

  /** Writes `data` at `offset`, in bytes; throws what went wrong on the device before. */
  write(buffer: GPUBuffer, data: Float32Array | Uint32Array, offset = 0): void {
    this.check();
    this.gpu.queue.writeBuffer(buffer, offset, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  }

  /** Fills a buffer with zeros, in order with what is submitted. */
  clear(buffer: GPUBuffer): void {
    const encoder = this.gpu.createCommandEncoder({ label: `clear ${buffer.label}` });
    encoder.clearBuffer(buffer);
    this.submit(encoder.finish());
  }

  /** The first `bytes` bytes of `buffer` as f32, after all submitted work. */
  async read(buffer: GPUBuffer, bytes: number): Promise<Float32Array> {
    return this.readMany([{ buffer, bytes }], ([head]) => head!.slice());
  }

  /**
   * What `take` makes of the heads of several buffers as f32, with one copy and one wait. The heads are mapped
   * memory, gone after `take`: it keeps copies, in the order that it wants them in.
   */
  async readMany<T>(
    parts: readonly { buffer: GPUBuffer; bytes: number }[],
    take: (heads: Float32Array[]) => T,
  ): Promise<T> {
    this.check();
    const staging = this.gpu.createBuffer({
      label: `read ${parts.map((part) => part.buffer.label).join(', ')}`,
      size: parts.reduce((sum, part) => sum + part.bytes, 0),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    try {
      const encoder = this.gpu.createCommandEncoder({ label: 'read' });
      let offset = 0;
      for (const { buffer, bytes } of parts) {
        encoder.copyBufferToBuffer(buffer, 0, staging, offset, bytes);
        offset += bytes;
      }
      this.gpu.queue.submit([encoder.finish()]);
      const failed = await this.platform.idle(
        staging.mapAsync(GPUMapMode.READ).then(
          () => undefined,
          (error: Error) => error,
        ),
      );
      this.check();
      if (failed) throw new DeviceLostError(`${staging.label}: ${failed.message}`);
      const all = staging.getMappedRange();
      let from = 0;
      const heads = parts.map(({ bytes }) => {
        const head = new Float32Array(all, from, bytes / 4);
        from += bytes;
        return head;
      });
      return take(heads);
    } finally {
      staging.destroy();
    }
  }

  /** Frees the device. Whatever used it is unusable afterwards. */
  destroy(): void {
    this.closed = true;
    this.failure ??= new DeviceLostError('the device was destroyed by its owner');
    this.pipelines.destroy();
    this.gpu.destroy();
  }
}

/** What a promise was rejected with, told apart from what it may resolve to. */
class Failure {
  constructor(readonly reason: unknown) {}
}

function toError(error: GPUError): Error {
  const outOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
  return outOfMemory
    ? new OutOfMemoryError(`the GPU ran out of memory: ${error.message}`)
    : new KernelError(`WebGPU reported: ${error.message}`);
}

export function mib(bytes: number): string {
  return (bytes / 1048576).toFixed(1);
}
