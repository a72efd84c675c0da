/**
 * Public face of `facet/web`: style transfer with WebGPU, weights and pictures of a browser, and a worker that owns the
 * GPU. It holds what these need, to be small; who builds graphs of their own takes `facet` with a bundler.
 * @module facet/web
 */
import { forbidEval } from './no-eval.js';

export * from '../../src/base/errors.js';
export { type RgbImage, rgbImage } from '../../src/base/image.js';
export {
  type AdapterReport,
  Device,
  type DeviceOptions,
  findAdapter,
  reportAdapter,
} from '../../src/gpu/device.js';
export type { Precision } from '../../src/gpu/kernel.js';
export type { CompileProgress } from '../../src/gpu/pipelines.js';
export { loadWeights } from '../../src/nets/load-weights.js';
export type { LoadedWeights, WeightsManifest } from '../../src/nets/manifest.js';
export { browserPlatform } from '../../src/platform/browser.js';
export {
  type FetchOptions,
  type FetchProgress,
  fetchFile,
  sha256Hex,
} from '../../src/platform/browser-download.js';
export { indexedDbStore } from '../../src/platform/browser-store.js';
export type { KeyValueStore, Platform } from '../../src/platform/platform.js';
export * from '../../src/style/index.js';
export { fromPixels, readPicture, toPixels } from './pictures.js';
export { encodePng } from './png.js';
export { FACET_VERSION } from './version.js';
export { fetchWeights, readWeights, type WebWeightsOptions, webManifest } from './weights.js';
export { type RunningJob, WorkerClient, type WorkerLike } from './worker/client.js';
export type { MixParams } from './worker/finish-jobs.js';
export type {
  EventOf,
  FromWorker,
  Job,
  JobContext,
  Jobs,
  MessageOf,
  ParamsOf,
  ResultOf,
  ToWorker,
  Transferring,
  WireError,
} from './worker/messages.js';
export type { Ready, ReadyEvent, ReadyParams } from './worker/ready-job.js';
export { type StartOptions, startWorker } from './worker/start.js';
export type { StyleJobs } from './worker/style-jobs.js';
export type {
  NamedFile,
  Pixels,
  StylizeDone,
  StylizeEvent,
  StylizeMessage,
  StylizeParams,
} from './worker/stylize-job.js';

forbidEval();

export type { Resolved, ResolveParams } from './worker/resolve-job.js';
