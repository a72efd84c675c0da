// What Facet needs from the place it runs in. Built at the entry (Node or browser) and passed down:
// nothing below asks where it is.

/** Small texts by name that outlive the process. Every method throws InputError where the place cannot be used. */
export interface KeyValueStore {
  /** Where the text of that name lies, for people. */
  where(key: string): string;
  /** The text of that name; undefined where there is none. */
  get(key: string): Promise<string | undefined>;
  /** Keeps the text in the place of what was there. */
  set(key: string, value: string): Promise<void>;
  /** Puts what `change` makes of the value in its place; what others write at the same time is not lost. */
  update(key: string, change: (value: string | undefined) => string): Promise<void>;
  /** Removes the text; nothing happens where there is none. */
  delete(key: string): Promise<void>;
  /** Moves a value that nobody can read out of the way; returns where it is kept. */
  setAside(key: string): Promise<string>;
}

/** The place that Facet runs in: WebGPU, a store, and how to wait. */
export interface Platform {
  readonly name: 'node' | 'browser';
  /** WebGPU's entry point. */
  readonly gpu: GPU;
  /** Version of what stands behind `gpu` (Dawn's or the browser's), for caches and reports. */
  readonly gpuVersion: string;
  /** Version of Facet itself, whose kernels a tuning table is of. InputError where it cannot be told. */
  readonly facetVersion: string;
  /** Keeps tuning tables; nothing is kept where there is none. */
  readonly store?: KeyValueStore;
  /**
   * Awaits GPU work. Dawn in Node polls its event loop while a promise is pending, which halves the
   * throughput of a software adapter, so the Node platform throttles; the browser's just awaits.
   */
  idle<T>(pending: Promise<T>): Promise<T>;
  /** Lets go of WebGPU, so that Node can exit. */
  dispose(): void;
}
