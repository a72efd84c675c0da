// Whether a run's largest tensors fit what the adapter binds, before anything is computed.
import { OutOfMemoryError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import { tensor } from '../base/tensor.js';
import { type Device, mib } from '../gpu/device.js';
import { dryStore } from '../gpu/store.js';
import { Tape } from '../graph/tape.js';
import type { LoadedWeights } from '../nets/manifest.js';
import { Net } from '../nets/net.js';
import type { Size } from './input.js';
import { activeTaps, type StyleOptions } from './options.js';
import { planStep } from './session.js';

/** Bytes that one storage binding may have on this device. */
export function bindingLimit(device: Device): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.adapter.limits;
  return Math.min(maxStorageBufferBindingSize!, maxBufferSize!);
}

/**
 * Throws OutOfMemoryError where a tensor of the last scale's step, or of a style's features, is larger than one
 * binding; it names the size that fits.
 */
export function assertFits(
  device: Device,
  weights: LoadedWeights,
  last: Size,
  styles: readonly Size[],
  o: StyleOptions,
): void {
  const limit = bindingLimit(device);
  const { plan } = planStep(device.target, weights, last, o);
  const step = Math.max(...plan.slots.map((slot) => slot.bytes), ...plan.pinned.map((t) => t.bytes));
  const advise = (what: string, size: Size, bytes: number, factor: number) => {
    const side = Math.max(size.width, size.height);
    // The border of one pixel on each side does not shrink with the picture.
    const safe = Math.floor(((side + 2) * Math.sqrt(limit / bytes) - 2) * factor);
    throw new OutOfMemoryError(
      `${what} at ${size.width}x${size.height} needs a tensor of ${mib(bytes)} MiB, ` +
        `and this adapter binds at most ${mib(limit)} MiB: choose --size ${safe} or less`,
    );
  };
  if (step > limit) advise(weights.net, last, step, 1);
  for (const size of styles) {
    const bytes = largestFeature(device, weights, size, o);
    // A style may be as large as `styleScale` times the result.
    if (bytes > limit) advise('the style picture', size, bytes, 1 / o.styleScale);
  }
}

function largestFeature(device: Device, weights: LoadedWeights, size: Size, o: StyleOptions): number {
  const taps = activeTaps(o);
  const net = new Net(dryStore, weights, taps);
  const tape = new Tape(device.target);
  const image = tensor('picture', [1, 3, size.height, size.width], { lifetime: 'pinned' });
  net.forward(tape, image, taps, o);
  const tensors = tape.dispatches.flatMap((d) => Object.values(d.buffers));
  return Math.max(...tensors.map((t) => geometryOf(t.shape, t.layout).bytes));
}
