// Pinned tensors and their buffers: weights, targets, the image, the optimiser's state.
import { KernelError } from '../base/errors.js';
import { geometryOf, packTensor, unpackTensor } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import type { Device } from './device.js';
import type { Target } from './kernel.js';

/** What records need of a store: a plan can be made with one that allocates nothing. */
export interface PinStore {
  pin(tensor: Tensor, values?: ArrayLike<number>): Tensor;
  release(tensor: Tensor): void;
}

/** Accepts everything and allocates nothing: for plans. */
export const dryStore: PinStore = { pin: (tensor) => tensor, release: () => {} };

/** Owns one buffer per pinned tensor. Programs bind them; only the store makes and frees them. */
export class TensorStore implements PinStore {
  private readonly buffers = new Map<number, { tensor: Tensor; buffer: GPUBuffer }>();
  /** Results of constant dispatches by what they were made from, so that programs share them. */
  private readonly derived = new Map<string, { tensor: Tensor; sources: readonly number[] }>();

  /** What is recorded for this store is recorded for `target`: the device's own, or one with other choices. */
  constructor(
    readonly device: Device,
    readonly target: Target = device.target,
  ) {}

  /** Total bytes held. */
  get bytes(): number {
    let sum = 0;
    for (const { buffer } of this.buffers.values()) sum += buffer.size;
    return sum;
  }

  has(tensor: Tensor): boolean {
    return this.buffers.has(tensor.id);
  }

  /** Gives `tensor` a zeroed buffer, and `values` (logical, row-major) where given. */
  pin(tensor: Tensor, values?: ArrayLike<number>): Tensor {
    if (tensor.lifetime !== 'pinned')
      throw new KernelError(`${tensor.name}: only pinned tensors live in a store`);
    if (this.has(tensor)) throw new KernelError(`${tensor.name} is in the store already`);
    const buffer = this.device.createBuffer(tensor.name, geometryOf(tensor.shape, tensor.layout).bytes);
    this.buffers.set(tensor.id, { tensor, buffer });
    if (values) this.write(tensor, values);
    return tensor;
  }

  buffer(tensor: Tensor): GPUBuffer {
    const held = this.buffers.get(tensor.id);
    if (!held) throw new KernelError(`${tensor.name} is not in the store`);
    return held.buffer;
  }

  /** Overwrites a tensor with logical row-major values; KernelError for a constant that others were computed from. */
  write(tensor: Tensor, values: ArrayLike<number>): void {
    const heir = this.derivedFrom(tensor)[0]?.[1];
    if (heir)
      throw new KernelError(
        `${tensor.name} is a constant and ${heir.tensor.name} was computed from it: pin a new tensor`,
      );
    this.device.write(this.buffer(tensor), packTensor(values, tensor.shape, tensor.layout));
  }

  /** Logical row-major values, after all submitted work. */
  async read(tensor: Tensor): Promise<Float32Array> {
    const bytes = geometryOf(tensor.shape, tensor.layout).bytes;
    return unpackTensor(await this.device.read(this.buffer(tensor), bytes), tensor.shape, tensor.layout);
  }

  /** Frees one tensor's buffer, and what was computed from it. */
  release(tensor: Tensor): void {
    this.buffers.get(tensor.id)?.buffer.destroy();
    this.buffers.delete(tensor.id);
    for (const [key, heir] of this.derivedFrom(tensor)) {
      this.derived.delete(key);
      this.release(heir.tensor);
    }
  }

  /** The tensor made by the constant dispatch `key`, if some program made it before. */
  findDerived(key: string): Tensor | undefined {
    return this.derived.get(key)?.tensor;
  }

  /** Remembers what the constant dispatch `key` made from the tensors with the ids `sources`. */
  keepDerived(key: string, tensor: Tensor, sources: readonly number[]): void {
    this.derived.set(key, { tensor, sources });
  }

  private derivedFrom(tensor: Tensor) {
    return [...this.derived].filter(([, { sources }]) => sources.includes(tensor.id));
  }

  /** Frees what was made from constants; no program that uses it may be run again. */
  releaseDerived(): void {
    for (const { tensor } of this.derived.values()) {
      this.buffers.get(tensor.id)?.buffer.destroy();
      this.buffers.delete(tensor.id);
    }
    this.derived.clear();
  }

  /** Frees everything. */
  destroy(): void {
    for (const { buffer } of this.buffers.values()) buffer.destroy();
    this.buffers.clear();
    this.derived.clear();
  }
}
