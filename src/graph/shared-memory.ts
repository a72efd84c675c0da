// Slots and textures that several programs use one after the other.
import type { Device } from '../gpu/device.js';
import { textureBytes } from '../gpu/texture.js';
import type { MemoryPlan } from './liveness.js';

/** Which common slot and texture each of a program's takes. */
export interface Placement {
  /** Index of the common slot, by the program's own. */
  readonly slots: readonly number[];
  readonly textures: readonly number[];
}

/**
 * The slots and textures that several plans need together, where no two of their programs run at once and none keeps
 * anything for later. A slot is shared between equal geometries only, as within a program; a texture by the plans to
 * which it is large enough. Pure: no GPU. Place the largest plan first.
 */
export class SharedLayout {
  readonly slots: { readonly key: string; readonly bytes: number }[] = [];
  /** Rows of each texture. */
  readonly textures: number[] = [];

  place(plan: MemoryPlan): Placement {
    const taken = new Set<number>();
    const slots = plan.slots.map(({ key, bytes }) => {
      const found = this.slots.findIndex((slot, i) => slot.key === key && !taken.has(i));
      const index = found < 0 ? this.slots.push({ key, bytes }) - 1 : found;
      taken.add(index);
      return index;
    });
    const used = new Set<number>();
    const textures = plan.textures.slots.map(({ rows }) => {
      const free = [...this.textures.keys()].filter((i) => this.textures[i]! >= rows && !used.has(i));
      // The smallest that is large enough.
      const [best] = free.sort((a, b) => this.textures[a]! - this.textures[b]!);
      const index = best ?? this.textures.push(rows) - 1;
      used.add(index);
      return index;
    });
    return { slots, textures };
  }

  get bytes(): number {
    const textures = this.textures.reduce((sum, rows) => sum + textureBytes(rows), 0);
    return this.slots.reduce((sum, slot) => sum + slot.bytes, textures);
  }
}

/** Owns the buffers and textures of a shared layout; they are made as programs are compiled. */
export class SharedMemory {
  private readonly layout = new SharedLayout();
  private readonly buffers: GPUBuffer[] = [];
  private readonly textures: GPUTexture[] = [];

  constructor(
    private readonly device: Device,
    readonly label: string,
  ) {}

  /** The buffers and textures of one program, in the order of its plan. */
  take(plan: MemoryPlan): { slots: GPUBuffer[]; textures: GPUTexture[] } {
    const { slots, textures } = this.layout.place(plan);
    for (const { key, bytes } of this.layout.slots.slice(this.buffers.length)) {
      const name = `${this.label}: slot ${this.buffers.length} (${key})`;
      this.buffers.push(this.device.createBuffer(name, bytes));
    }
    for (const rows of this.layout.textures.slice(this.textures.length)) {
      this.textures.push(this.device.createTexture(`${this.label}: texture ${this.textures.length}`, rows));
    }
    return {
      slots: slots.map((i) => this.buffers[i]!),
      textures: textures.map((i) => this.textures[i]!),
    };
  }

  /** Frees everything; no program that was compiled with it may run again. */
  destroy(): void {
    for (const memory of [...this.buffers, ...this.textures]) memory.destroy();
  }
}
