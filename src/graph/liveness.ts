// Which transient tensor lies in which slot. Pure: no GPU.
import { KernelError } from '../base/errors.js';
import { geometryOf } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import { type Access, type Dispatch, written } from '../gpu/kernel.js';
import { heldBytes, textureBytes } from '../gpu/texture.js';
import { planTextures, type TexturePlan } from './textures.js';

/** A buffer-to-be that holds one live tensor at a time, all of one physical geometry. */
export interface Slot {
  readonly index: number;
  readonly key: string;
  readonly bytes: number;
  /** Names of the tensors that pass through it, for the printed plan. */
  readonly tensors: string[];
}

/** Which slot of memory each transient tensor has, and how much all of them take. */
export interface MemoryPlan {
  readonly slots: readonly Slot[];
  /** Slot index by tensor id. */
  readonly slotOf: ReadonlyMap<number, number>;
  readonly transientBytes: number;
  /** Copies for kernels that read textures. */
  readonly textures: TexturePlan;
  readonly textureBytes: number;
  readonly pinned: readonly { name: string; bytes: number }[];
  readonly pinnedBytes: number;
}

/**
 * First and last dispatch that touches each transient tensor; `keep` live to the end. KernelError where a
 * dispatch binds a name that its kernel does not have, writes a tensor that it binds twice, or reads what
 * nothing wrote before it.
 */
export function lifetimes(
  dispatches: readonly Dispatch<Tensor>[],
  keep: readonly Tensor[] = [],
): Map<Tensor, { first: number; last: number }> {
  const spans = new Map<Tensor, { first: number; last: number }>();
  for (const [index, d] of dispatches.entries()) {
    const access = d.kernel.bindings(d.variant);
    const seen = new Map<number, Access>();
    for (const [name, t] of Object.entries(d.buffers)) {
      const as = access[name];
      if (!as) throw new KernelError(`${d.label}: ${d.kernel.name} has no binding ${name} for ${t.name}`);
      const before = seen.get(t.id);
      // WebGPU lets a dispatch bind a buffer more than once only where it is read.
      if (before && (before === 'read_write' || as === 'read_write'))
        throw new KernelError(`${d.label}: ${t.name} is written and bound twice`);
      seen.set(t.id, as);
      if (t.lifetime !== 'transient') continue;
      const span = spans.get(t);
      if (span) span.last = index;
      else if (as !== 'read_write')
        throw new KernelError(`${d.label} reads ${t.name} before anything writes it`);
      else spans.set(t, { first: index, last: index });
    }
  }
  for (const t of keep) {
    const span = spans.get(t);
    if (span) span.last = dispatches.length;
    else if (t.lifetime === 'transient')
      throw new KernelError(`${t.name} is to be kept, but nothing writes it`);
  }
  return spans;
}

/**
 * Greedy slot assignment in order of first use: a slot is taken again once its tensor was last read by an
 * earlier dispatch, so no dispatch ever reads a slot that it writes. Slots are shared only between equal
 * geometries, which keeps the zero borders zero. `reuse: false` gives every tensor its own. `pinned` are tensors that
 * the store holds though no dispatch reads them any more.
 */
export function planMemory(
  dispatches: readonly Dispatch<Tensor>[],
  options: { keep?: readonly Tensor[]; reuse?: boolean; pinned?: readonly Tensor[] } = {},
): MemoryPlan {
  const spans = lifetimes(dispatches, options.keep);
  const slots: { slot: Slot; freeAfter: number }[] = [];
  const slotOf = new Map<number, number>();
  const reuse = options.reuse ?? true;
  for (const [t, span] of spans) {
    const { key, bytes } = geometryOf(t.shape, t.layout);
    let found = reuse ? slots.find((s) => s.slot.key === key && s.freeAfter < span.first) : undefined;
    if (!found) {
      found = { slot: { index: slots.length, key, bytes, tensors: [] }, freeAfter: -1 };
      slots.push(found);
    }
    found.freeAfter = span.last;
    found.slot.tensors.push(t.name);
    slotOf.set(t.id, found.slot.index);
  }
  const textures = planTextures(dispatches, { reuse });
  const held = new Set([...pinnedTensors(dispatches), ...(options.pinned ?? [])]);
  const pinned = [...held].map((t) => ({ name: t.name, bytes: heldBytes(t) }));
  return {
    slots: slots.map((s) => s.slot),
    slotOf,
    transientBytes: sum(slots.map((s) => s.slot.bytes)),
    textures,
    textureBytes: sum(textures.slots.map((slot) => textureBytes(slot.rows))),
    pinned,
    pinnedBytes: sum(pinned.map((p) => p.bytes)),
  };
}

/** Every pinned tensor that the dispatches touch, once, in order of first use. */
export function pinnedTensors(dispatches: readonly Dispatch<Tensor>[]): Tensor[] {
  const found = new Set<Tensor>();
  for (const d of dispatches)
    for (const t of Object.values(d.buffers)) if (t.lifetime === 'pinned') found.add(t);
  return [...found];
}

/**
 * Splits off what depends on constants alone (flipped filters): `setup` runs once, its results become
 * constants themselves. KernelError where a dispatch writes a constant.
 */
export function hoistConstants(dispatches: readonly Dispatch<Tensor>[]): {
  setup: Dispatch<Tensor>[];
  step: Dispatch<Tensor>[];
} {
  const writers = new Map<Tensor, number>();
  for (const d of dispatches) for (const t of written(d)) writers.set(t, (writers.get(t) ?? 0) + 1);
  const constant = new Set<Tensor>();
  const setup: Dispatch<Tensor>[] = [];
  const step: Dispatch<Tensor>[] = [];
  for (const d of dispatches) {
    const outputs = written(d);
    const broken = outputs.find((t) => t.constant);
    if (broken) throw new KernelError(`${d.label} writes the constant ${broken.name}`);
    const inputs = Object.values(d.buffers).filter((t) => !outputs.includes(t));
    const fixed =
      inputs.every((t) => t.constant || constant.has(t)) &&
      outputs.every((t) => t.lifetime === 'transient' && writers.get(t) === 1);
    if (fixed) for (const t of outputs) constant.add(t);
    (fixed ? setup : step).push(d);
  }
  return { setup, step };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
