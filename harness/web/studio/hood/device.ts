// A device for one measurement, so that no run of another page stands in its way, or is stopped by it.
import { Device, type DeviceOptions } from '../../../../src/gpu/device.js';
import type { WorkerContext } from '../../worker/context.js';

/** Runs `work` on a device of its own and puts it away. DeviceLostError where there is none. */
export async function withDevice<T>(
  context: WorkerContext,
  options: DeviceOptions,
  work: (device: Device) => Promise<T>,
): Promise<T> {
  const device = await Device.open(context.platform, options);
  try {
    return await work(device);
  } finally {
    device.destroy();
  }
}
