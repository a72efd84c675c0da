// Compiled kernel variants of one device: made once, ahead of their first use.
import { KernelError } from '../base/errors.js';
import { type KernelSpec, paramsStruct, type Variant } from './kernel.js';
import { WarmUp } from './warm.js';

/** Pipelines of one program that were not there yet: those done of all. */
export interface CompileProgress {
  readonly done: number;
  readonly total: number;
  /** The kernel that is compiled next; undefined at the end. */
  readonly kernel?: string;
}

/** What a device lends to its pipelines. */
export interface PipelineHost {
  readonly gpu: GPUDevice;
  /** Throws what went wrong on the device. */
  check(): void;
  idle<T>(pending: Promise<T>): Promise<T>;
  /** Resolves when everything submitted so far is done. */
  sync(): Promise<void>;
}

/** A kernel in one variant. */
export interface KernelUse {
  readonly kernel: KernelSpec;
  readonly variant: Variant;
}

export interface PipelineOptions {
  /** The driver translates pipelines when they are dispatched first: dispatch them once, ahead. */
  readonly warm: boolean;
  readonly onCompile?: ((progress: CompileProgress) => void) | undefined;
}

/** Owns what the warm-up needs; pipelines themselves end with the device. */
export class Pipelines {
  private readonly made = new Map<string, Promise<GPUComputePipeline>>();
  private readonly warmUp: WarmUp;

  constructor(
    private readonly host: PipelineHost,
    private readonly options: PipelineOptions,
  ) {
    this.warmUp = new WarmUp(host.gpu);
  }

  /** The compiled variant; KernelError naming kernel, line and text where it does not compile. */
  get({ kernel, variant }: KernelUse): Promise<GPUComputePipeline> {
    const key = keyOf(kernel, variant);
    let made = this.made.get(key);
    if (!made) {
      made = this.build(kernel, variant, key);
      this.made.set(key, made);
    }
    return made;
  }

  /**
   * The pipelines of `uses`, in their order; `onCompile` is told of those that are missing. A driver that compiles when
   * it is asked to gets them all at once, one that waits for the first dispatch one by one.
   */
  async all(uses: readonly KernelUse[]): Promise<GPUComputePipeline[]> {
    const missing = new Map<string, KernelUse>();
    for (const use of uses) {
      const key = keyOf(use.kernel, use.variant);
      if (!this.made.has(key)) missing.set(key, use);
    }
    const total = missing.size;
    let done = 0;
    const compile = async (use: KernelUse) => {
      this.options.onCompile?.({ done, total, kernel: use.kernel.name });
      await this.get(use);
      done++;
    };
    if (this.options.warm) for (const use of missing.values()) await compile(use);
    else await Promise.all([...missing.values()].map(compile));
    if (total > 0) this.options.onCompile?.({ done, total });
    return Promise.all(uses.map((use) => this.get(use)));
  }

  private async build(kernel: KernelSpec, variant: Variant, key: string): Promise<GPUComputePipeline> {
    const { gpu } = this.host;
    this.host.check();
    const code = shaderCode(kernel, variant);
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label: key, code });
    const entries = layoutEntries(kernel, variant);
    const bindings = gpu.createBindGroupLayout({ label: key, entries });
    const layout = gpu.createPipelineLayout({ label: key, bindGroupLayouts: [bindings] });
    const pending = gpu
      .createComputePipelineAsync({ label: key, layout, compute: { module, entryPoint: 'main' } })
      .catch((error: unknown) => error as Error);
    const scope = await gpu.popErrorScope();
    const pipeline = await this.host.idle(pending);
    this.host.check();
    if (scope || pipeline instanceof Error) {
      const info = await module.getCompilationInfo();
      throw new KernelError(
        describeCompilation(key, code, info, scope?.message ?? (pipeline as Error).message),
      );
    }
    if (this.options.warm) {
      this.warmUp.dispatch(pipeline, bindings, entries);
      await this.host.sync();
    }
    return pipeline;
  }

  destroy(): void {
    this.warmUp.destroy();
  }
}

function keyOf(kernel: KernelSpec, variant: Variant): string {
  return `${kernel.name}|${JSON.stringify(variant)}`;
}

/** How a kernel variant's uniform and tensors are bound. */
export function layoutEntries(kernel: KernelSpec, variant: Variant): GPUBindGroupLayoutEntry[] {
  const visibility = GPUShaderStage.COMPUTE;
  return [
    { binding: 0, visibility, buffer: { type: 'uniform' } },
    ...Object.values(kernel.bindings(variant)).map((access, i): GPUBindGroupLayoutEntry => {
      const binding = i + 1;
      if (access === 'texture')
        return { binding, visibility, storageTexture: { access: 'read-only', format: 'rgba32float' } };
      return { binding, visibility, buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' } };
    }),
  ];
}

/** The whole WGSL of a kernel variant, as compiled. */
export function shaderCode(kernel: KernelSpec, variant: Variant): string {
  const body = kernel.shader(variant);
  const enables = body.match(/^\s*(?:(?:enable|requires) [^;]+;\s*)+/)?.[0] ?? '';
  return `${enables}${paramsStruct(kernel.params)}\n${body.slice(enables.length)}`;
}

function describeCompilation(key: string, code: string, info: GPUCompilationInfo, fallback: string): string {
  const lines = code.split('\n');
  const messages = info.messages
    .filter((message) => message.type === 'error')
    .map((message) => `line ${message.lineNum}: ${message.message}\n    ${lines[message.lineNum - 1] ?? ''}`);
  return `kernel ${key} does not compile: ${messages.join('; ') || fallback}`;
}
