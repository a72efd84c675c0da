import { describe, expect, it } from 'vitest';
import { KernelError } from '../../src/base/errors.js';
import { geometryOf } from '../../src/base/layout.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { type Dispatch, written } from '../../src/gpu/kernel.js';
import { hoistConstants, lifetimes, planMemory } from '../../src/graph/liveness.js';
import { paper, randomList } from './random-lists.js';

const SEEDS = Array.from({ length: 300 }, (_, i) => i);
const isTransient = (t: Tensor) => t.lifetime === 'transient';
const reads = (d: Dispatch<Tensor>) => Object.values(d.buffers).filter((t) => !written(d).includes(t));
const bytesOf = (t: Tensor) => geometryOf(t.shape, t.layout).bytes;

describe('planMemory on random lists', () => {
  it('every read finds what was written last, and what is kept is there at the end', () => {
    for (const seed of SEEDS) {
      const { dispatches, keep } = randomList(seed);
      const { slotOf } = planMemory(dispatches, { keep });
      const memory = new Map<number, Tensor>();
      for (const d of dispatches) {
        for (const t of reads(d).filter(isTransient))
          expect(memory.get(slotOf.get(t.id)!), `seed ${seed}: ${d.label}`).toBe(t);
        for (const t of written(d).filter(isTransient)) memory.set(slotOf.get(t.id)!, t);
      }
      for (const t of keep) expect(memory.get(slotOf.get(t.id)!), `seed ${seed}: kept ${t.name}`).toBe(t);
    }
  });

  it('live tensors never share a slot, and slots have one geometry', () => {
    for (const seed of SEEDS) {
      const { dispatches, keep } = randomList(seed);
      const { slots, slotOf } = planMemory(dispatches, { keep });
      const spans = [...lifetimes(dispatches, keep)];
      for (const [i, [a, spanA]] of spans.entries()) {
        expect(slots[slotOf.get(a.id)!]!.key).toBe(geometryOf(a.shape, a.layout).key);
        for (const [b, spanB] of spans.slice(i + 1)) {
          const overlap = spanA.first <= spanB.last && spanB.first <= spanA.last;
          if (overlap)
            expect(slotOf.get(a.id), `seed ${seed}: ${a.name}, ${b.name}`).not.toBe(slotOf.get(b.id));
        }
      }
    }
  });

  it('no dispatch reads a slot that it writes', () => {
    for (const seed of SEEDS) {
      const { dispatches, keep } = randomList(seed);
      const { slotOf } = planMemory(dispatches, { keep });
      for (const d of dispatches) {
        const outputs = written(d)
          .filter(isTransient)
          .map((t) => slotOf.get(t.id));
        for (const t of reads(d).filter(isTransient)) expect(outputs).not.toContain(slotOf.get(t.id));
      }
    }
  });

  it('uses no more slots of a geometry than tensors of it are live at once', () => {
    let shared = 0;
    for (const seed of SEEDS) {
      const { dispatches, keep } = randomList(seed);
      const plan = planMemory(dispatches, { keep });
      const spans = [...lifetimes(dispatches, keep)];
      for (const key of new Set(plan.slots.map((slot) => slot.key))) {
        const same = spans.filter(([t]) => geometryOf(t.shape, t.layout).key === key);
        const live = dispatches.map((_, at) => same.filter(([, s]) => s.first <= at && at <= s.last).length);
        expect(plan.slots.filter((slot) => slot.key === key).length, `seed ${seed}`).toBe(Math.max(...live));
      }
      if (plan.slots.length < spans.length) shared++;
    }
    // Otherwise the lists would not test sharing at all.
    expect(shared).toBeGreaterThan(SEEDS.length / 2);
  });

  it('without reuse every tensor has its own slot, and reuse never takes more', () => {
    for (const seed of SEEDS) {
      const { dispatches, keep } = randomList(seed);
      const apart = planMemory(dispatches, { keep, reuse: false });
      const tensors = [...lifetimes(dispatches, keep).keys()];
      expect(new Set(apart.slotOf.values()).size).toBe(tensors.length);
      expect(apart.transientBytes).toBe(tensors.reduce((sum, t) => sum + bytesOf(t), 0));
      expect(planMemory(dispatches, { keep }).transientBytes).toBeLessThanOrEqual(apart.transientBytes);
    }
  });
});

describe('planMemory', () => {
  const t = (name: string) => tensor(name, [8]);

  it('lists pinned tensors once, with their bytes', () => {
    const weight = tensor('weight', [4, 4, 3, 3], { layout: 'filter', constant: true });
    const plan = planMemory([paper('a', [weight], t('y')), paper('b', [weight], t('z'))]);
    expect(plan.pinned).toEqual([{ name: 'weight', bytes: 9 * 4 * 16 }]);
    expect(plan.pinnedBytes).toBe(576);
  });

  it('a tensor that nobody reads still has its slot while it is written', () => {
    const [a, b] = [t('a'), t('b')];
    const plan = planMemory([paper('a', [], a), paper('b', [], b)]);
    expect(plan.slots).toHaveLength(1);
    expect(plan.slots[0]!.tensors).toEqual(['a', 'b']);
  });

  it('refuses what cannot be planned, by name', () => {
    const [a, b] = [t('a'), t('b')];
    expect(() => planMemory([paper('first', [a], b)])).toThrow(
      new KernelError('first reads a before anything writes it'),
    );
    expect(() => planMemory([paper('first', [], a), paper('twice', [a], a)])).toThrow(
      new KernelError('twice: a is written and bound twice'),
    );
    expect(() => planMemory([paper('first', [], a)], { keep: [b] })).toThrow(
      new KernelError('b is to be kept, but nothing writes it'),
    );
    const odd = paper('odd', [], a);
    expect(() => planMemory([{ ...odd, buffers: { ...odd.buffers, z: b } }])).toThrow(
      new KernelError('odd: paper has no binding z for b'),
    );
  });

  it('lets a dispatch read one tensor twice', () => {
    const [a, b] = [t('a'), t('b')];
    expect(planMemory([paper('make', [], a), paper('square', [a, a], b)]).slots).toHaveLength(2);
  });
});

describe('hoistConstants', () => {
  /** What each tensor holds after the lists ran in turn: its dispatch and the values of its inputs, as text. */
  function evaluate(...lists: (readonly Dispatch<Tensor>[])[]): Map<Tensor, string> {
    const values = new Map<Tensor, string>();
    for (const d of lists.flat()) {
      const inputs = reads(d).map((t) => values.get(t) ?? t.name);
      for (const t of written(d)) values.set(t, `${d.label}(${inputs.join(',')})`);
    }
    return values;
  }

  it('splits random lists so that the same values come out', () => {
    let hoisted = 0;
    for (const seed of SEEDS) {
      const { dispatches } = randomList(seed);
      const { setup, step } = hoistConstants(dispatches);
      expect(new Set([...setup, ...step])).toEqual(new Set(dispatches));
      expect(setup.length + step.length).toBe(dispatches.length);
      expect(evaluate(setup, step), `seed ${seed}`).toEqual(evaluate(dispatches));
      hoisted += setup.length;
    }
    expect(hoisted).toBeGreaterThan(SEEDS.length);
  });

  it('hoists what reads constants alone, and nothing else', () => {
    for (const seed of SEEDS) {
      const { dispatches } = randomList(seed);
      const { setup, step } = hoistConstants(dispatches);
      const made = new Set(setup.flatMap(written));
      const fixed = (t: Tensor) => t.constant || made.has(t);
      for (const d of setup) expect(reads(d).every(fixed) && written(d).every(isTransient)).toBe(true);
      for (const d of step) {
        expect(written(d).some((t) => made.has(t))).toBe(false);
        const once = written(d).every(
          (t) => isTransient(t) && dispatches.filter((o) => written(o).includes(t)).length === 1,
        );
        expect(once && reads(d).every(fixed), `seed ${seed}: ${d.label}`).toBe(false);
      }
    }
  });

  it('refuses a dispatch that writes a constant', () => {
    const weight = tensor('weight', [8], { constant: true });
    expect(() => hoistConstants([paper('step', [], weight)])).toThrow(
      new KernelError('step writes the constant weight'),
    );
  });
});
