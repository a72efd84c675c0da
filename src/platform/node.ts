// WebGPU in Node through Dawn (npm `webgpu`).
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { create, globals } from 'webgpu';
import { packageVersion, tuningFolder } from './node-paths.js';
import { fileStore } from './node-store.js';
import { setLlvmpipeThreads } from './node-threads.js';
import type { Platform } from './platform.js';

const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** How long one nap of a wait lasts: long enough to leave the core to the adapter, short against a step. */
const NAP_MS = 0.5;

/**
 * Products of matrices by subgroups are experimental in Dawn, f16 on NVIDIA is off for the failures of a few conformance
 * tests. A device takes f16 wherever it is there, and matrices under `precision: 'mixed'`; kernels use
 * either under that precision alone.
 */
const ENABLED = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia';

/**
 * Opens Dawn. `flags` are Dawn's own (`backend=null`, `enable-dawn-features=...`).
 * While the platform lives the process does not exit by itself: call `dispose()`.
 */
export function nodePlatform(flags: readonly string[] = []): Platform {
  // The Vulkan loader complains on every start where this is unset.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  setLlvmpipeThreads();
  Object.assign(globalThis, globals);
  // Dawn's object must stay reachable for as long as the device lives: collected, it crashes the process.
  let gpu: GPU | undefined = create(
    flags.some((flag) => flag.startsWith('enable-dawn-features=')) ? [...flags] : [...flags, ENABLED],
  );
  return {
    name: 'node',
    get gpu() {
      if (!gpu) throw new Error('the platform was disposed');
      return gpu;
    },
    gpuVersion: `dawn.node ${dawnVersion()}`,
    get facetVersion() {
      return packageVersion();
    },
    store: fileStore(tuningFolder()),
    idle: napping,
    dispose() {
      gpu = undefined;
    },
  };
}

function dawnVersion(): string {
  return (createRequire(import.meta.url)('webgpu/package.json') as { version: string }).version;
}

/** Sleeps in short naps until `pending` settles: Dawn polls in a busy loop otherwise. */
async function napping<T>(pending: Promise<T>): Promise<T> {
  let settled = false;
  const watched = pending.finally(() => {
    settled = true;
  });
  const nap = () => {
    if (settled) return;
    Atomics.wait(sleeper, 0, 0, NAP_MS);
    setImmediate(nap);
  };
  setImmediate(nap);
  return watched;
}
