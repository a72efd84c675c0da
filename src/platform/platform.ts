// What Facet needs from the place it runs in. Built at the entry (Node or browser) and passed down:
// nothing below asks where it is.
export interface Platform {
  readonly name: 'node' | 'browser';
  /** WebGPU's entry point. */
  readonly gpu: GPU;
  /** Version of what stands behind `gpu` (Dawn's or the browser's), for caches and reports. */
  readonly gpuVersion: string;
  /**
   * Awaits GPU work. Dawn in Node polls its event loop while a promise is pending, which halves the
   * throughput of a software adapter, so the Node platform throttles; the browser's just awaits.
   */
  idle<T>(pending: Promise<T>): Promise<T>;
  /** Lets go of WebGPU, so that Node can exit. */
  dispose(): void;
}
