// WebGPU in a window or a worker of a browser.
import { DeviceLostError } from '../base/errors.js';
import { indexedDbStore } from './browser-store.js';
import type { Platform } from './platform.js';

/** What of `navigator` is read here; a worker's has no more. */
interface Agent {
  readonly gpu?: GPU;
  readonly userAgent: string;
  readonly userAgentData?: {
    readonly brands: readonly { readonly brand: string; readonly version: string }[];
  };
}

/** The database of the page's origin that tuning tables are kept in. */
const TUNING_DATABASE = 'facet-tuning';

/**
 * The browser's WebGPU. `facetVersion` names the kernels that a tuning table is of. Tables are kept in IndexedDB where
 * there is one, and not at all elsewhere (some private windows). DeviceLostError where the browser has no WebGPU.
 */
export function browserPlatform(facetVersion: string): Platform {
  const agent = navigator as Agent;
  if (!agent.gpu) throw new DeviceLostError(missingWebGpu(globalThis.isSecureContext));
  const { gpu } = agent;
  return {
    name: 'browser',
    gpu,
    gpuVersion: browserVersion(agent),
    facetVersion,
    ...(typeof indexedDB === 'undefined' ? {} : { store: indexedDbStore(TUNING_DATABASE) }),
    idle: (pending) => pending,
    dispose() {},
  };
}

function missingWebGpu(secure: boolean): string {
  return secure
    ? 'this browser has no WebGPU: use a current Chrome, Edge, Safari or Firefox, with hardware acceleration on'
    : 'WebGPU is there for pages of https:// or localhost alone: open this one so';
}

/** Name and version of the browser, for tuning tables and reports: `Chromium 141`, `Firefox 143.0`. */
export function browserVersion({ userAgent, userAgentData }: Omit<Agent, 'gpu'>): string {
  // One of the brands is made up, so that nobody relies on their order; Chromium's tells the engine.
  const engine = userAgentData?.brands.find(({ brand }) => brand === 'Chromium');
  if (engine) return `${engine.brand} ${engine.version}`;
  const told = /\b(Firefox|Version|Chrome)\/([\d.]+)/.exec(userAgent);
  if (!told) return userAgent;
  return `${told[1] === 'Version' ? 'Safari' : told[1]} ${told[2]}`;
}
