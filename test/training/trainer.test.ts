import { describe, expect, it } from 'vitest';
import { InputError, KernelError } from '../../src/base/errors.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import {
  decodeTrainingCheckpoint,
  planTraining,
  type RecordGraph,
  TRIPLET_COUNTS,
  TrainableWeights,
  Trainer,
  type TrainerOptions,
  tripletFacts,
  type WeightSpec,
} from '../../src/training/index.js';
import { useDevice } from '../kernels/shared.js';
import { BATCH, batchOf, embed, INPUTS, options, specs, tripletGraph } from './shared.js';

const gpu = useDevice();

/** Runs `use` with a training of its own store. */
async function training<T>(
  use: (trainer: Trainer, weights: TrainableWeights, store: TensorStore) => Promise<T>,
  o: TrainerOptions = options,
  record: RecordGraph = tripletGraph,
  of: readonly WeightSpec[] = specs,
): Promise<T> {
  const store = new TensorStore(gpu.device);
  try {
    const weights = new TrainableWeights(store, of, 5);
    const trainer = await Trainer.create(store, weights, record, o);
    const result = await use(trainer, weights, store);
    trainer.destroy();
    weights.destroy();
    store.releaseDerived();
    expect(store.bytes, 'everything was released').toBe(0);
    return result;
  } finally {
    store.destroy();
  }
}

const bits = (values: ReadonlyMap<string, { values: Float32Array }>) =>
  Object.fromEntries([...values].map(([name, t]) => [name, [...new Uint32Array(t.values.buffer)]]));

describe('a training', () => {
  it('brings the triplet loss under half in 40 steps', () =>
    training(async (trainer) => {
      const losses: number[] = [];
      for (let step = 1; step <= 40; step++) {
        await trainer.step(batchOf(step));
        const report = await trainer.report();
        losses.push(report.loss);
        expect(report.alarms).toEqual([]);
        expect(report.updated).toBe(true);
        const facts = tripletFacts(report.metrics[TRIPLET_COUNTS]!);
        expect(facts.mined).toBeLessThanOrEqual(BATCH * 2);
        expect(facts.spread).toBeGreaterThan(0.2);
      }
      const mean = (from: number, to: number) =>
        losses.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
      expect(mean(35, 40)).toBeLessThan(0.5 * mean(0, 2));
    }));

  it('goes on from a checkpoint with the same bytes', async () => {
    const run = (trainer: Trainer, from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i).reduce(
        (before, step) => before.then(() => trainer.step(batchOf(step))),
        Promise.resolve(),
      );
    const whole = await training(async (trainer) => {
      await run(trainer, 1, 10);
      return trainer.checkpoint({ data: 10 }, 0.5);
    });
    const half = await training(async (trainer) => {
      await run(trainer, 1, 5);
      return trainer.checkpoint({ data: 5 });
    });
    const resumed = await training(async (trainer) => {
      // What it learned meanwhile is forgotten.
      await run(trainer, 1, 2);
      const kept = decodeTrainingCheckpoint(half, 'half');
      expect([kept.step, kept.run, kept.score]).toEqual([5, { data: 5 }, undefined]);
      expect(await trainer.restore(kept)).toBe(true);
      expect(trainer.steps).toBe(5);
      await expect(trainer.report()).rejects.toThrow(InputError);
      await run(trainer, 6, 10);
      return trainer.checkpoint({ data: 10 }, 0.5);
    });
    expect(Buffer.compare(Buffer.from(whole), Buffer.from(resumed))).toBe(0);
    expect(Buffer.compare(Buffer.from(whole), Buffer.from(half))).not.toBe(0);
  });

  it('averages weights, corrected for their start', () =>
    training(async (trainer, weights, store) => {
      await expect(trainer.averages()).rejects.toThrow(InputError);
      await trainer.step(batchOf(1));
      // After one step the average is the weights: 0.1 w / (1 - 0.9), four roundings.
      const [now, averages] = [await weights.read(store), await trainer.averages()];
      for (const [name, { values }] of now) {
        averages.get(name)!.values.forEach((value, i) => {
          expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(4 * 2 ** -24 * Math.abs(values[i]!));
        });
      }
    }));

  it('waits for no step, and for none twice', () =>
    training(async (trainer) => {
      for (let step = 1; step <= 9; step++) await trainer.step(batchOf(1));
      expect(trainer.steps).toBe(9);
      expect((await trainer.report()).step).toBe(9);
      expect(await trainer.report()).toEqual(await trainer.report());
    }));

  it('is planned as it is compiled', () =>
    training(async (trainer, _weights, store) => {
      const plan = planTraining(store.target, specs, tripletGraph, options);
      expect(plan.dispatches).toBe(trainer.dispatches);
      expect(plan.batch.transientBytes).toBe(trainer.plans[0]!.transientBytes);
      expect(plan.bytes).toBe(plan.heldBytes + plan.transientBytes);
      // Four trained tensors with m, v and average each, the inputs, the factors.
      expect(plan.heldBytes).toBe(store.bytes);
    }));
});

describe('gradient accumulation', () => {
  const plain = { ...options, clipNorm: undefined };
  const final = (o: TrainerOptions, batches: (step: number) => Parameters<Trainer['step']>[0]) =>
    training(
      async (trainer, weights, store) => {
        for (let step = 1; step <= 3; step++) await trainer.step(batches(step));
        const { loss, gradientNorm, metrics } = await trainer.report();
        return { weights: bits(await weights.read(store)), loss, gradientNorm, metrics };
      },
      o,
      // No miner: its choices differ between micro-batches.
      (parts) => {
        const loss = parts.tape.record(
          squaredError,
          'loss',
          { x: embed(parts), target: parts.inputs.goal! },
          { scale: 0.1 },
        );
        return { loss, metrics: { twice: loss } };
      },
    );
  const goal = Array.from({ length: BATCH * 7 }, (_, i) => Math.sin(i));
  const o = { ...plain, inputs: { x: [BATCH, INPUTS], goal: [BATCH, 7] } };
  const batch = (step: number) => ({ x: batchOf(step).x, goal });

  it('of the same batch four times gives the bits of one', async () => {
    const once = await final(o, batch);
    const four = await final({ ...o, accumulate: 4 }, (step) => Array(4).fill(batch(step)));
    expect(four).toEqual(once);
  });

  it('averages gradients and what is reported', async () => {
    const pair = await final({ ...o, accumulate: 2 }, (step) => [batch(step), batch(step + 1)]);
    const first = await final(o, (step) => batch(step));
    expect(pair.weights).not.toEqual(first.weights);
    expect(pair.metrics.twice![0]).toBe(pair.loss);
  });

  it('wants as many batches as it averages', () =>
    training(
      async (trainer) => {
        await expect(trainer.step(batchOf(1))).rejects.toThrow('takes 2 batches, got 1');
      },
      { ...options, accumulate: 2 },
    ));

  it('resumes with the same bytes too', async () => {
    const two = { ...options, accumulate: 2 };
    const pair = (step: number) => [batchOf(2 * step), batchOf(2 * step + 1)];
    const whole = await training(async (trainer) => {
      for (let step = 1; step <= 4; step++) await trainer.step(pair(step));
      return trainer.checkpoint(null);
    }, two);
    const half = await training(async (trainer) => {
      for (let step = 1; step <= 2; step++) await trainer.step(pair(step));
      return trainer.checkpoint(null);
    }, two);
    const resumed = await training(async (trainer) => {
      await trainer.restore(decodeTrainingCheckpoint(half, 'half'));
      for (let step = 3; step <= 4; step++) await trainer.step(pair(step));
      return trainer.checkpoint(null);
    }, two);
    expect(Buffer.compare(Buffer.from(whole), Buffer.from(resumed))).toBe(0);
  });
});

describe('when something goes wrong', () => {
  it('a batch with NaN changes no weight, is told, and is over with the next', () =>
    training(async (trainer, weights, store) => {
      await trainer.step(batchOf(1));
      const before = bits(await weights.read(store));
      await trainer.step({ ...batchOf(2), x: batchOf(2).x.fill(Number.NaN, 0, 5) });
      const report = await trainer.report();
      expect([report.updated, report.alarms.map(({ kind }) => kind)]).toEqual([false, ['not-finite']]);
      expect(bits(await weights.read(store))).toEqual(before);
      await trainer.step(batchOf(3));
      expect((await trainer.report()).updated).toBe(true);
      expect(bits(await weights.read(store))).not.toEqual(before);
    }));

  it('a batch with NaN counts in the averages as the weights that it left', () =>
    training(async (trainer, weights, store) => {
      await trainer.step(batchOf(1));
      await trainer.step({ ...batchOf(2), x: batchOf(2).x.fill(Number.NaN, 0, 5) });
      const [now, averages] = [await weights.read(store), await trainer.averages()];
      // (0.9 * 0.1 w + 0.1 w) / (1 - 0.9^2): the factors, two products, their sum, another product, the division.
      for (const [name, { values }] of now) {
        averages.get(name)!.values.forEach((value, i) => {
          expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(8 * 2 ** -24 * Math.abs(values[i]!));
        });
      }
    }));

  it('a batch of one person has no triplets', () =>
    training(async (trainer) => {
      await trainer.step({ ...batchOf(1), labels: Array(BATCH).fill(1) });
      expect((await trainer.report()).alarms.map(({ kind }) => kind)).toContain('no-triplets');
    }));

  it('embeddings that are all one point', () =>
    training(async (trainer) => {
      await trainer.step({ ...batchOf(1), x: Array(BATCH * INPUTS).fill(1) });
      const { alarms } = await trainer.report();
      expect(alarms[0]!.kind).toBe('collapse');
      expect(alarms[0]!.advice).toMatch(/learning rate/);
    }));

  it('an input that is not there, a report before the first step', () =>
    training(async (trainer) => {
      await expect(trainer.step({ faces: [1] })).rejects.toThrow('no input faces; there is x, labels');
      await expect(trainer.report()).rejects.toThrow(InputError);
    }));

  it('a weight that the loss does not read leaves nothing behind', async () => {
    const store = new TensorStore(gpu.device);
    const extra = [...specs, { name: 'unused', shape: [3, 3], init: { kind: 'he-uniform' } } as const];
    const weights = new TrainableWeights(store, extra, 1);
    const held = store.bytes;
    await expect(Trainer.create(store, weights, tripletGraph, options)).rejects.toThrow(KernelError);
    expect(store.bytes).toBe(held);
    store.destroy();
  });

  it('a schedule that cannot be followed', () => {
    const schedule = { kind: 'constant', rate: -1 } as const;
    expect(() => planTraining(PLAIN_TARGET, specs, tripletGraph, { ...options, schedule })).toThrow(
      InputError,
    );
  });
});

describe('roles', () => {
  const frozen = specs.map((spec) =>
    spec.name.startsWith('fc1') ? { ...spec, role: 'frozen' as const } : spec,
  );

  it('frozen weights stay, and a checkpoint with others is refused', async () => {
    const [before, after, kept] = await training(
      async (trainer, weights, store) => {
        const begun = bits(await weights.read(store));
        await trainer.step(batchOf(1));
        return [begun, bits(await weights.read(store)), await trainer.checkpoint(null)];
      },
      options,
      tripletGraph,
      frozen,
    );
    expect(after['fc1.weight']).toEqual(before['fc1.weight']);
    expect(after['fc2.weight']).not.toEqual(before['fc2.weight']);
    const other = frozen.map((spec) =>
      spec.name === 'fc1.bias' ? { ...spec, init: { kind: 'constant', value: 1 } as const } : spec,
    );
    await training(
      async (trainer) =>
        expect(trainer.restore(decodeTrainingCheckpoint(kept, 'kept'))).rejects.toThrow(
          'frozen fc1.bias differs',
        ),
      options,
      tripletGraph,
      other,
    );
  });

  it('decay and rate reach the weights that they are for', async () => {
    // Without a gradient (no triplet), Adam moves nothing: what is left is the decay.
    const [before, after] = await training(
      async (trainer, weights, store) => {
        const begun = await weights.read(store);
        await trainer.step({ ...batchOf(1), labels: Array(BATCH).fill(1) });
        return [begun, await weights.read(store)];
      },
      { ...options, schedule: { kind: 'constant', rate: 0.5 }, weightDecay: 0.25 },
    );
    const ratio = (name: string) => after.get(name)!.values[3]! / before.get(name)!.values[3]!;
    expect(ratio('fc1.weight')).toBeCloseTo(1 - 0.125, 6);
    expect(ratio('fc2.weight')).toBeCloseTo(1 - 0.0625, 6);
  });
});
