// A net with its weights on the GPU, fed with RGB pictures.
import { WeightsError } from '../base/errors.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { PinStore } from '../gpu/store.js';
import type { Tape } from '../graph/tape.js';
import { scaleShift } from '../kernels/scale-shift.js';
import type { InputConvention, LoadedWeights } from './manifest.js';
import { type ConvWeights, type VggOptions, vggForward, vggPrefix } from './vgg.js';

/** A VGG prefix whose weights are pinned in `store`; releases them with `destroy`. */
export class Net implements ConvWeights {
  private readonly tensors = new Map<string, Tensor>();

  /** Pins the weights that `taps` need. The channel order of the file is turned into RGB once, here. */
  constructor(
    private readonly store: PinStore,
    private readonly loaded: LoadedWeights,
    readonly taps: readonly string[],
  ) {
    for (const layer of vggPrefix(loaded.net, taps)) {
      if (layer.kind !== 'conv') continue;
      for (const kind of ['weight', 'bias'] as const) {
        const name = `${layer.name}.${kind}`;
        const found = loaded.tensors.get(name);
        if (!found) {
          throw new WeightsError(
            `${loaded.source}: ${loaded.net} up to ${taps.join(', ')} needs ${name}, which the file lacks`,
          );
        }
        const swap = name === 'conv1_1.weight' && loaded.convention.channels === 'BGR';
        const values = swap ? reverseInputChannels(found.values, found.shape) : found.values;
        const layout = kind === 'weight' ? 'filter' : 'flat';
        this.tensors.set(name, store.pin(tensor(name, found.shape, { layout, constant: true }), values));
      }
    }
  }

  get name(): string {
    return this.loaded.net;
  }

  /** The filters of `layer`. */
  weight(layer: string): Tensor {
    return this.tensors.get(`${layer}.weight`)!;
  }

  /** The bias of `layer`. */
  bias(layer: string): Tensor {
    return this.tensors.get(`${layer}.bias`)!;
  }

  /**
   * Records the net on `image` [N,3,H,W], RGB in 0..`range` (1 unless said), and returns the asked taps.
   */
  forward(
    tape: Tape,
    image: Tensor,
    taps: readonly string[],
    options: VggOptions,
    range = 1,
  ): Map<string, Tensor> {
    const { scale, shift } = rgbNormalisation(this.loaded.convention, range);
    const pin = (name: string, values: number[]): Tensor => {
      const key = `${name}:${range}`;
      let t = this.tensors.get(key);
      if (!t) {
        t = this.store.pin(tensor(key, [3], { constant: true }), values);
        this.tensors.set(key, t);
      }
      return t;
    };
    const inputs = { x: image, scale: pin('input.scale', scale), shift: pin('input.shift', shift) };
    const x = tape.record(scaleShift, 'input', inputs, {});
    return vggForward(tape, this.name, this, x, taps, options);
  }

  /** Frees the weights' memory on the device. */
  destroy(): void {
    for (const t of this.tensors.values()) this.store.release(t);
    this.tensors.clear();
  }
}

/** Per RGB channel: net input = pixel * scale + shift, for pixels in 0..`range`. */
export function rgbNormalisation(
  convention: InputConvention,
  range: number,
): { scale: number[]; shift: number[] } {
  const order = convention.channels === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  return {
    scale: order.map((i) => convention.range / range / convention.std[i]!),
    shift: order.map((i) => -convention.mean[i]! / convention.std[i]!),
  };
}

/** [K,C,R,S] with the C axis reversed: a kernel for BGR planes becomes one for RGB. */
function reverseInputChannels(values: Float32Array, shape: readonly number[]): Float32Array {
  const [k, c, r, s] = shape as unknown as [number, number, number, number];
  const taps = r * s;
  const out = new Float32Array(values.length);
  for (let o = 0; o < k; o++)
    for (let i = 0; i < c; i++)
      out.set(values.subarray((o * c + c - 1 - i) * taps, (o * c + c - i) * taps), (o * c + i) * taps);
  return out;
}
