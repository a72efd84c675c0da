// The device of a server or worker: opened when it is needed, put away when it is lost, and opened again.
import { DeviceLostError, KernelError, OutOfMemoryError } from '../../src/base/errors.js';
import { Device, type DeviceOptions } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { nodePlatform } from '../../src/platform/node.js';
import type { Platform } from '../../src/platform/platform.js';
import { Turns } from './turns.js';

export interface GpuOptions extends DeviceOptions {
  /** Told of each device that was opened. */
  readonly onDevice?: (device: Device) => void;
  /** Requests that may wait for the device. */
  readonly queue?: number;
}

/** Owns the platform and one device. */
export class Gpu {
  readonly turns: Turns;
  private platform: Platform | undefined;
  private opening: Promise<Device> | undefined;
  private readonly dependents = new Set<() => Promise<void>>();

  constructor(private readonly options: GpuOptions = {}) {
    this.turns = new Turns(options.queue);
  }

  /**
   * The device, which is opened anew where it computes with another precision than is asked for. Called by who has the
   * turn. DeviceLostError where no adapter is found.
   */
  async device(precision?: Precision): Promise<Device> {
    const open = await this.opening?.catch(() => undefined);
    if (open && precision && open.target.precision !== precision) await this.discard();
    this.opening ??= this.open(precision).catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  /** Calls `release` before the device is put away: for whatever lies on it. */
  beforeLoss(release: () => Promise<void>): void {
    this.dependents.add(release);
  }

  /**
   * Puts the device away after an error that says it is of no more use, so that the next call opens another. A device
   * keeps its first error and throws it for ever, so that this is due for each that it reported.
   */
  async discardAfter(error: unknown): Promise<void> {
    const broken = [DeviceLostError, KernelError, OutOfMemoryError].some((kind) => error instanceof kind);
    if (broken) await this.discard();
  }

  /** Puts device and platform away. */
  async dispose(): Promise<void> {
    await this.discard();
    this.platform?.dispose();
    this.platform = undefined;
  }

  private async open(precision: Precision | undefined): Promise<Device> {
    this.platform ??= nodePlatform();
    const { onDevice, queue: _, ...options } = this.options;
    const device = await Device.open(this.platform, { ...options, ...(precision ? { precision } : {}) });
    onDevice?.(device);
    return device;
  }

  private async discard(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    for (const release of this.dependents) await release();
    const device = await opening?.catch(() => undefined);
    device?.destroy();
  }
}
