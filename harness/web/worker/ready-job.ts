// Opens the adapter and reads the net, so that the first run does not wait for either.
import type { AdapterReport } from '../../../src/gpu/device.js';
import type { Precision } from '../../../src/gpu/kernel.js';
import type { TuningInEffect } from '../../../src/gpu/tuning.js';
import type { FetchProgress } from '../../../src/platform/browser-download.js';
import type { WorkerContext } from './context.js';
import type { Job } from './messages.js';

/** The net that `ready` reads ahead. */
export interface ReadyParams {
  /** `vgg19-slim` unless said. */
  readonly net?: string;
  /** The user's own file for the net. */
  readonly file?: Blob;
  readonly precision?: Precision;
}

/** What the page tells of the machine. */
export interface Ready {
  readonly adapter: AdapterReport;
  readonly browser: string;
  readonly tuning: Omit<TuningInEffect, 'choices'>;
  readonly net: string;
  readonly weights: string;
  readonly mixed: boolean;
}

/** Progress of the net's download. */
export type ReadyEvent = { readonly type: 'weights' } & FetchProgress;

/** The job `ready`. DeviceLostError without an adapter, WeightsError where the net cannot be read. */
export function readyJob(context: WorkerContext): Job<ReadyParams, ReadyEvent, never, Ready> {
  return async ({ net = 'vgg19-slim', file, precision }, { emit }) => {
    const [device, weights] = await Promise.all([
      context.device(precision),
      context.weights(net, file, (progress) => emit({ type: 'weights', ...progress })),
    ]);
    const { source, measured, preset } = device.tuning;
    return {
      adapter: device.adapter,
      browser: context.platform.gpuVersion,
      tuning: { source, measured, ...(preset === undefined ? {} : { preset }) },
      net: weights.net,
      weights: weights.sha256,
      mixed: device.target.f16,
    };
  };
}
