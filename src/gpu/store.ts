// Pinned tensors and their buffers: weights, targets, the image, the optimiser's state.
import { KernelError } from '../base/errors.js';
import { geometryOf, packTensor, unpackTensor } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import type { Device } from './device.js';
import type { Target } from './kernel.js';
import { encodeTextureCopy, heldBytes, textureRows } from './texture.js';

/** What records need of a store: a plan can be made with one that allocates nothing. */
export interface PinStore {
  /** Gives `tensor` memory that stays, and `values` (logical, row-major) where given. */
  pin(tensor: Tensor, values?: ArrayLike<number>): Tensor;
  /** Frees the memory of tensors. */
  release(tensor: Tensor): void;
}

/** Accepts everything and allocates nothing: for plans. */
export const dryStore: PinStore = { pin: (tensor) => tensor, release: () => {} };

/** Owns one buffer, or one texture, per pinned tensor. Programs bind them; only the store makes and frees them. */
export class TensorStore implements PinStore {
  private readonly buffers = new Map<number, { tensor: Tensor; buffer: GPUBuffer }>();
  private readonly textures = new Map<number, { tensor: Tensor; texture: GPUTexture }>();
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
    for (const { tensor } of this.textures.values()) sum += heldBytes(tensor);
    return sum;
  }

  /** Whether `tensor` has memory here. */
  has(tensor: Tensor): boolean {
    return this.buffers.has(tensor.id) || this.textures.has(tensor.id);
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

  /** The buffer of `tensor`. KernelError where it has none. */
  buffer(tensor: Tensor): GPUBuffer {
    const held = this.buffers.get(tensor.id);
    if (!held) throw new KernelError(`${tensor.name} is not in the store`);
    return held.buffer;
  }

  /** The texture that holds a tensor which `moveToTexture` moved. */
  texture(tensor: Tensor): GPUTexture {
    const held = this.textures.get(tensor.id);
    if (!held) throw new KernelError(`${tensor.name} is not in the store as a texture`);
    return held.texture;
  }

  /** Moves a tensor's values into a texture and frees its buffer; waits, so that only one is held twice at a time. */
  async moveToTexture(tensor: Tensor): Promise<void> {
    const buffer = this.buffer(tensor);
    const { vec4s } = geometryOf(tensor.shape, tensor.layout);
    const texture = this.device.createTexture(tensor.name, textureRows(vec4s));
    this.textures.set(tensor.id, { tensor, texture });
    const encoder = this.device.gpu.createCommandEncoder({ label: `move ${tensor.name}` });
    encodeTextureCopy(encoder, buffer, texture, vec4s);
    this.device.submit(encoder.finish());
    buffer.destroy();
    this.buffers.delete(tensor.id);
    await this.device.sync();
  }

  /** Overwrites a tensor with logical row-major values; KernelError for a constant that others were computed from. */
  write(tensor: Tensor, values: ArrayLike<number>): void {
    this.assertMayWrite(tensor);
    this.device.write(this.buffer(tensor), packTensor(values, tensor.shape, tensor.layout));
  }

  /** Overwrites a tensor with zeros, in order with what is submitted; for a constant as `write`. */
  clear(tensor: Tensor): void {
    this.assertMayWrite(tensor);
    this.device.clear(this.buffer(tensor));
  }

  /** Logical row-major values, after all submitted work. */
  async read(tensor: Tensor): Promise<Float32Array> {
    const { shape, layout } = tensor;
    const part = { buffer: this.buffer(tensor), bytes: geometryOf(shape, layout).bytes };
    return this.device.readMany([part], ([head]) => unpackTensor(head!, shape, layout));
  }

  /** Frees one tensor's memory, and what was computed from it. */
  release(tensor: Tensor): void {
    this.free(tensor);
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

  private assertMayWrite(tensor: Tensor): void {
    const heir = this.derivedFrom(tensor)[0]?.[1];
    if (heir)
      throw new KernelError(
        `${tensor.name} is a constant and ${heir.tensor.name} was computed from it: pin a new tensor`,
      );
  }

  private derivedFrom(tensor: Tensor) {
    return [...this.derived].filter(([, { sources }]) => sources.includes(tensor.id));
  }

  /** Frees what was made from constants; no program that uses it may be run again. */
  releaseDerived(): void {
    for (const { tensor } of this.derived.values()) this.free(tensor);
    this.derived.clear();
  }

  /** Frees everything. */
  destroy(): void {
    for (const { tensor } of [...this.buffers.values(), ...this.textures.values()]) this.free(tensor);
    this.derived.clear();
  }

  private free({ id }: Tensor): void {
    this.buffers.get(id)?.buffer.destroy();
    this.buffers.delete(id);
    this.textures.get(id)?.texture.destroy();
    this.textures.delete(id);
  }
}
