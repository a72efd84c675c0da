// Results of constants (flipped filters), computed once and shared by every program of a store.
import { type Tensor, tensor } from '../base/tensor.js';
import { type Dispatch, written } from '../gpu/kernel.js';
import type { TensorStore } from '../gpu/store.js';
import { hoistConstants, type MemoryPlan, pinnedTensors, planMemory } from './liveness.js';

/**
 * Has `execute` run those of the constant dispatches whose results the store does not hold yet; returns, by id
 * of the transient result, the pinned tensor that stands for it: a texture for each of `asTextures`. What `execute`
 * throws leaves the store as it was.
 */
export async function computeConstants(
  store: TensorStore,
  setup: readonly Dispatch<Tensor>[],
  asTextures: ReadonlySet<Tensor>,
  execute: (dispatches: readonly Dispatch<Tensor>[]) => Promise<void>,
): Promise<Map<number, Tensor>> {
  const stands = new Map<number, Tensor>();
  const fresh = new Map<string, { made: Tensor; sources: readonly number[] }>();
  const todo: Dispatch<Tensor>[] = [];
  for (const d of setup) {
    const outputs = written(d);
    const inputs = Object.values(d.buffers).filter((t) => !outputs.includes(t));
    const sources = inputs.map((t) => stands.get(t.id)?.id ?? t.id);
    const shapes = outputs.map((t) => [t.shape, t.layout, asTextures.has(t)]);
    const base = `${d.kernel.name}|${JSON.stringify([d.variant, d.params, d.workgroups, sources, shapes])}`;
    let missing = false;
    for (const [i, t] of outputs.entries()) {
      const key = `${base}|${i}`;
      let made = store.findDerived(key) ?? fresh.get(key)?.made;
      if (!made) {
        missing = true;
        made = standIn(t, asTextures);
        fresh.set(key, { made, sources });
      }
      stands.set(t.id, made);
    }
    if (missing) todo.push(rebind(d, stands));
  }
  if (todo.length === 0) return stands;
  try {
    await store.device.allocating('the memory for constants', () => {
      for (const { made } of fresh.values()) store.pin(made);
    });
    await execute(todo);
    for (const { made } of fresh.values()) {
      if (made.texture)
        await store.device.allocating(`a texture for ${made.name}`, () => store.moveToTexture(made));
    }
  } catch (error) {
    for (const { made } of fresh.values()) store.release(made);
    throw error;
  }
  // Only now: another program must not find what was never computed.
  for (const [key, { made, sources }] of fresh) store.keepDerived(key, made, sources);
  return stands;
}

/** What a program of `dispatches` will replay and hold, its constants and what they are made from included. */
export function planProgram(
  dispatches: readonly Dispatch<Tensor>[],
  keep: readonly Tensor[] = [],
): { plan: MemoryPlan; dispatches: number } {
  const step = withPinnedConstants(dispatches);
  // The store keeps the weights that filters were computed from.
  const plan = planMemory(step, { keep, pinned: pinnedTensors(dispatches) });
  return { plan, dispatches: step.length };
}

/** The list that a program will replay and its constants as pinned tensors, without computing any: for plans. */
export function withPinnedConstants(dispatches: readonly Dispatch<Tensor>[]): Dispatch<Tensor>[] {
  const { setup, step } = hoistConstants(dispatches);
  const asTextures = readAsTextures(dispatches);
  const stands = new Map<number, Tensor>();
  for (const t of setup.flatMap(written)) {
    stands.set(t.id, standIn(t, asTextures));
  }
  return step.map((d) => rebind(d, stands));
}

/** Tensors that are written once and then read as textures alone, and not in `keep`: no buffer need hold them. */
export function readAsTextures(
  dispatches: readonly Dispatch<Tensor>[],
  keep: readonly Tensor[] = [],
): Set<Tensor> {
  const [found, others] = [new Set<Tensor>(), new Set(keep)];
  for (const d of dispatches) {
    for (const [name, access] of Object.entries(d.kernel.bindings(d.variant))) {
      const t = d.buffers[name];
      if (t && access !== 'read_write') (access === 'texture' ? found : others).add(t);
    }
  }
  for (const t of others) found.delete(t);
  return found;
}

function standIn(t: Tensor, asTextures: ReadonlySet<Tensor>): Tensor {
  return tensor(t.name, t.shape, { layout: t.layout, lifetime: 'pinned', texture: asTextures.has(t) });
}

/** The same dispatch with other tensors bound, by id of the one they stand for. */
export function rebind(d: Dispatch<Tensor>, stands: ReadonlyMap<number, Tensor>): Dispatch<Tensor> {
  const buffers = Object.entries(d.buffers).map(([name, t]) => [name, stands.get(t.id) ?? t]);
  return { ...d, buffers: Object.fromEntries(buffers) as Record<string, Tensor> };
}
