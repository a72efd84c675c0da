// What the jobs of a worker share: one device, the weights that were read, the pictures that were decoded last.
import { InputError } from '../../../src/base/errors.js';
import type { RgbImage } from '../../../src/base/image.js';
import { Device } from '../../../src/gpu/device.js';
import type { Precision } from '../../../src/gpu/kernel.js';
import type { CompileProgress } from '../../../src/gpu/pipelines.js';
import type { LoadedWeights } from '../../../src/nets/manifest.js';
import { browserPlatform } from '../../../src/platform/browser.js';
import { type FetchProgress, sha256Hex } from '../../../src/platform/browser-download.js';
import type { Platform } from '../../../src/platform/platform.js';
import { readPicture } from '../pictures.js';
import { FACET_VERSION } from '../version.js';
import { fetchWeights, readWeights } from '../weights.js';

/** A picture with the hash of its file. */
export interface DecodedPicture {
  readonly image: RgbImage;
  readonly sha256: string;
}

/** Pictures kept: a content and a handful of styles with their masks, so that a run that goes on decodes nothing anew. */
const KEPT_PICTURES = 12;

/** The worker's own state; made once, at its start. */
export class WorkerContext {
  private opened: { readonly precision: Precision; readonly device: Promise<Device> } | undefined;
  private readonly nets = new Map<string, Promise<LoadedWeights>>();
  private readonly pictures = new Map<string, DecodedPicture>();
  /** Told of pipelines that are compiled, whichever job asked for them. */
  onCompile: ((progress: CompileProgress) => void) | undefined;
  /** Told in one line of what was passed over. */
  onNote: ((line: string) => void) | undefined;
  private host: Platform | undefined;

  /** `weightsFolder` holds the embedded nets. */
  constructor(readonly weightsFolder: URL) {}

  /** DeviceLostError where the browser has no WebGPU. */
  get platform(): Platform {
    this.host ??= browserPlatform(FACET_VERSION);
    return this.host;
  }

  /** The device; another precision, or a device that was lost, opens it anew. DeviceLostError where there is none. */
  async device(precision: Precision = 'f32'): Promise<Device> {
    if (this.opened?.precision === precision) {
      const device = await this.opened.device;
      try {
        device.check();
        return device;
      } catch {
        // Told by the job that it broke; the next one begins with a new device.
        this.opened = undefined;
      }
    }
    await this.opened?.device.then((device) => device.destroy());
    const device = Device.open(this.platform, {
      precision,
      onCompile: (progress) => this.onCompile?.(progress),
      onNote: (line) => this.onNote?.(line),
    });
    this.opened = { precision, device };
    // A browser that refuses now may agree later.
    device.catch(() => {
      this.opened = undefined;
    });
    return device;
  }

  /** The device that is open, whatever its precision: what need not choose one stops no run. Opens one where there is none. */
  openDevice(): Promise<Device> {
    return this.device(this.opened?.precision ?? 'f32');
  }

  /** A net's weights: from the user's file where `file` is given, else as embedded. Read once. */
  async weights(
    net: string,
    file?: Blob,
    onProgress?: (progress: FetchProgress) => void,
  ): Promise<LoadedWeights> {
    const known = this.nets.get(net);
    if (known && !file) return known;
    const name = file instanceof File ? file.name : undefined;
    const read = file
      ? readWeights(net, file, name)
      : fetchWeights(net, { folder: this.weightsFolder, onProgress });
    this.nets.set(net, read);
    read.catch(() => this.nets.delete(net));
    return read;
  }

  /** Decodes a picture; the last few are kept. InputError where it is none. */
  async picture(file: Blob, where: string): Promise<DecodedPicture> {
    const bytes = new Uint8Array(
      await file.arrayBuffer().catch((error: Error) => {
        throw new InputError(`${where}: the file cannot be read any more (${error.message})`, {
          cause: error,
        });
      }),
    );
    const sha256 = await sha256Hex(bytes);
    const decoded = this.pictures.get(sha256) ?? { image: await readPicture(file, where), sha256 };
    this.pictures.delete(sha256);
    this.pictures.set(sha256, decoded);
    if (this.pictures.size > KEPT_PICTURES) this.pictures.delete(this.pictures.keys().next().value!);
    return decoded;
  }
}
