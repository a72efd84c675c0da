// Which tensors are copied into textures, before which dispatch, and which texture each copy uses. Pure: no GPU.
import { geometryOf } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, written } from '../gpu/kernel.js';
import { textureRows } from '../gpu/texture.js';

/** A texture-to-be that holds one copy at a time. */
export interface TextureSlot {
  readonly index: number;
  /** Rows of its largest copy. */
  readonly rows: number;
  readonly tensors: string[];
}

/** One copy of a tensor: made just before dispatch `before`, read from there up to dispatch `last`. */
export interface TextureCopy {
  readonly tensor: Tensor;
  readonly slot: number;
  readonly before: number;
  readonly last: number;
}

/** Copies of tensors in storage textures, for kernels that read those. */
export interface TexturePlan {
  readonly slots: readonly TextureSlot[];
  /** In order of `before`. */
  readonly copies: readonly TextureCopy[];
}

/**
 * One copy for each time that a tensor is written and then read as a texture; its readers share it. What the store
 * holds as a texture needs none, but where this very list writes it and the store has yet to move it. A texture is
 * taken again once its copy was last read, and grows to the rows of its largest copy. `reuse: false` gives every
 * copy its own.
 */
export function planTextures(
  dispatches: readonly Dispatch<Tensor>[],
  options: { reuse: boolean },
): TexturePlan {
  const slots: { index: number; rows: number; tensors: string[]; freeAfter: number }[] = [];
  const take = (copy: Omit<TextureCopy, 'slot'>, rows: number): TextureCopy => {
    const free = options.reuse ? slots.filter((slot) => slot.freeAfter < copy.before) : [];
    // The smallest that holds it, else the largest, which grows.
    free.sort((a, b) => a.rows - b.rows);
    let slot = free.find((candidate) => candidate.rows >= rows) ?? free.at(-1);
    if (!slot) {
      slot = { index: slots.length, rows, tensors: [], freeAfter: -1 };
      slots.push(slot);
    }
    slot.rows = Math.max(slot.rows, rows);
    slot.freeAfter = copy.last;
    slot.tensors.push(copy.tensor.name);
    return { ...copy, slot: slot.index };
  };
  const copies = copySpans(dispatches).map((copy) =>
    take(copy, textureRows(geometryOf(copy.tensor.shape, copy.tensor.layout).vec4s)),
  );
  return { slots: slots.map(({ index, rows, tensors }) => ({ index, rows, tensors })), copies };
}

/** First and last reader of every copy, in order of the first. */
function copySpans(dispatches: readonly Dispatch<Tensor>[]): Omit<TextureCopy, 'slot'>[] {
  const spans: { tensor: Tensor; before: number; last: number }[] = [];
  const current = new Map<Tensor, { tensor: Tensor; before: number; last: number }>();
  const fresh = new Set(dispatches.flatMap(written));
  for (const [index, d] of dispatches.entries()) {
    const access = Object.entries(d.kernel.bindings(d.variant));
    for (const [name, as] of access) {
      const t = d.buffers[name];
      if (!t || as !== 'texture' || (t.texture && !fresh.has(t))) continue;
      const span = current.get(t);
      if (span) span.last = index;
      else {
        const fresh = { tensor: t, before: index, last: index };
        current.set(t, fresh);
        spans.push(fresh);
      }
    }
    for (const [name, as] of access) if (as === 'read_write') current.delete(d.buffers[name]!);
  }
  return spans;
}
