import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { normal } from '../../src/base/random.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { TOLERANCE_FACTOR, UNIT_ROUNDOFF } from '../../src/base/tolerance.js';
import { dryStore, TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import {
  alarmsOf,
  cosineDistillation,
  featureDistillation,
  gramDistillation,
  projectionSpecs,
  projectTap,
  recordTriplets,
  similarityDistillation,
  TrainableWeights,
  tripletFacts,
  weightedSum,
} from '../../src/training/index.js';
import { useDevice } from '../kernels/shared.js';

const gpu = useDevice();

type Matrix = number[][];
const noise = (rows: number, columns: number, seed: number): Matrix =>
  Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => Math.fround(normal(seed, i * columns + j))),
  );
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const unit = (m: Matrix) => m.map((row) => row.map((value) => value / Math.sqrt(dot(row, row))));

/** The values of what `record` makes, from matrices pinned by name. */
async function values(
  matrices: Record<string, Matrix>,
  record: (tape: Tape, t: Record<string, Tensor>, store: TensorStore) => Tensor[],
): Promise<number[][]> {
  const store = new TensorStore(gpu.device);
  try {
    const pinned = Object.fromEntries(
      Object.entries(matrices).map(([name, m]) => [
        name,
        store.pin(tensor(name, [m.length, m[0]!.length], { lifetime: 'pinned' }), m.flat()),
      ]),
    );
    const tape = new Tape(gpu.device.target);
    const results = record(tape, pinned, store);
    const program = await Program.compile(store, tape.dispatches, { keep: results });
    program.runPoisoned();
    const read = (await program.readAll(results)).map((list) => [...list]);
    program.destroy();
    return read;
  } finally {
    store.destroy();
  }
}

// A row of length 1 errs by this share of itself (reference/l2-normalize.ts).
const unitError = (d: number) => TOLERANCE_FACTOR * UNIT_ROUNDOFF * (Math.sqrt(d + 1) / 2 + 5);
const sumError = (terms: number) => TOLERANCE_FACTOR * UNIT_ROUNDOFF * Math.sqrt(terms);

describe('distillation', () => {
  const [N, D, E] = [5, 9, 6];
  const [student, teacher] = [noise(N, D, 1), noise(N, D, 2)];

  it('is the mean of 1 - cos', async () => {
    const [[loss]] = (await values({ student, teacher }, (tape, t) => [
      cosineDistillation(tape, 'cos', t.student!, t.teacher!),
    ])) as [[number]];
    const [s, t] = [unit(student), unit(teacher)];
    const cosines = s.map((row, i) => dot(row, t[i]!));
    const expected = cosines.reduce((sum, cos) => sum + 1 - cos, 0) / N;
    // Each of the two unit rows errs by a share of its length 1, and a distance is at most 2.
    expect(Math.abs(loss - expected)).toBeLessThanOrEqual(
      2 * 2 * unitError(D) + sumError(N * D + 4) * expected,
    );
    expect(expected).toBeGreaterThan(0.5);
  });

  it('of the same rows is nothing, whatever their lengths', async () => {
    const longer = student.map((row) => row.map((value) => 8 * value));
    const [[loss]] = (await values({ student, longer }, (tape, t) => [
      cosineDistillation(tape, 'cos', t.student!, t.longer!),
    ])) as [[number]];
    // 1 - cos computed as a difference from 1 would err by 2^-24 or more.
    expect(loss).toBeLessThan(2 ** -40);
  });

  it('compares all cosines of a batch, of widths that differ', async () => {
    const other = noise(N, E, 3);
    const [[loss]] = (await values({ student, other }, (tape, t) => [
      similarityDistillation(tape, 'sim', t.student!, t.other!),
    ])) as [[number]];
    const [s, t] = [unit(student), unit(other)];
    let expected = 0;
    for (let i = 0; i < N; i++)
      for (let j = 0; j < N; j++) expected += (dot(s[i]!, s[j]!) - dot(t[i]!, t[j]!)) ** 2 / N ** 2;
    // A cosine errs by two rows and a sum of products of at most 1; a difference of two is at most 2, and counts twice.
    const cosine = 2 * unitError(D) + sumError(D);
    expect(Math.abs(loss - expected)).toBeLessThanOrEqual(
      2 * 2 * 2 * cosine + sumError(N * N + 4) * expected,
    );
  });

  it('of features goes through a projection', async () => {
    const [C, K, H] = [3, 2, 2];
    const store = new TensorStore(gpu.device);
    const weights = new TrainableWeights(store, projectionSpecs('relu1', C, K), 1);
    const tap = noise(1, C * H * H, 4).flat();
    const goal = noise(1, K * H * H, 5).flat();
    const x = store.pin(tensor('tap', [1, C, H, H], { lifetime: 'pinned' }), tap);
    const target = store.pin(tensor('goal', [1, K, H, H], { lifetime: 'pinned' }), goal);
    const tape = new Tape(gpu.device.target);
    const projected = projectTap(tape, weights, 'relu1', x, K);
    const loss = featureDistillation(tape, 'features', projected, target);
    const learned = weights.trained.map((weight) => weight.tensor);
    const gradients = [...tape.backward(loss, learned).values()];
    const program = await Program.compile(store, tape.dispatches, { keep: [loss, ...gradients] });
    program.runPoisoned();
    const w = (await weights.read(store)).get('relu1.weight')!.values;
    let [expected, size] = [0, 0];
    for (let k = 0; k < K; k++)
      for (let i = 0; i < H * H; i++) {
        let sum = 0;
        let most = 0;
        for (let c = 0; c < C; c++) {
          sum += w[k * C + c]! * tap[c * H * H + i]!;
          most += Math.abs(w[k * C + c]! * tap[c * H * H + i]!);
        }
        const difference = sum - goal[k * H * H + i]!;
        expected += difference ** 2 / (K * H * H);
        size += (2 * Math.abs(difference) * most * sumError(C + 1)) / (K * H * H);
      }
    const [[found], dw] = (await program.readAll([loss, ...gradients])) as unknown as [
      [number],
      Float32Array,
    ];
    // The projection learns: its gradient is not zero.
    expect(dw.some((value) => Math.abs(value) > 0.01)).toBe(true);
    expect(Math.abs(found - expected)).toBeLessThanOrEqual(size + sumError(K * H * H + 4) * expected);
    program.destroy();
    store.destroy();
  });
});

it('Gram matrices of a picture by hand', async () => {
  // [[5, 11], [11, 25]] / 2 from rows (1, 2) and (3, 4), against [[1, 0], [0, 0]] / 2.
  const [[loss]] = (await values({}, (tape, _t, store) => {
    const tap = (name: string, list: number[]) =>
      store.pin(tensor(name, [1, 2, 1, 2], { lifetime: 'pinned' }), list);
    return [gramDistillation(tape, 'gram', tap('student', [1, 2, 3, 4]), tap('teacher', [1, 0, 0, 0]))];
  })) as [[number]];
  expect(loss).toBe((2 ** 2 + 2 * 5.5 ** 2 + 12.5 ** 2) / 4);
});

describe('sums', () => {
  it('weigh their terms in order', async () => {
    const [one, three] = await values({}, (tape, _t, store) => {
      const [a, b, c] = [3, 5, 7].map((value) =>
        store.pin(tensor(`${value}`, [1], { lifetime: 'pinned' }), [value]),
      ) as [Tensor, Tensor, Tensor];
      return [
        weightedSum(tape, 'one', [[a, 4]]),
        weightedSum(tape, 'three', [
          [a, 2],
          [b, 10],
          [c, 100],
        ]),
      ];
    });
    expect([one, three]).toEqual([[12], [756]]);
  });
  it('need a term', () =>
    expect(() => weightedSum(new Tape(gpu.device.target), 'none', [])).toThrow(InputError));
});

describe('triplets', () => {
  // Two people with two pictures each, on a line.
  const embeddings = [
    [0, 0],
    [1, 0],
    [1.5, 0],
    [4, 0],
  ];

  it('are mined, counted and measured from one matrix', async () => {
    const [loss, counts, negatives] = await values({ embeddings }, (tape, { embeddings: x }, store) => {
      const labels = store.pin(tensor('labels', [4], { lifetime: 'pinned' }), [1, 1, 2, 2]);
      const options = { margin: 2, mine: 'hard', mean: 'active' } as const;
      const triplets = recordTriplets(tape, 'triplets', { embeddings: x!, labels }, options);
      return [triplets.loss, triplets.counts, triplets.negatives];
    });
    expect(negatives).toEqual([-1, 2, -1, -1, 2, -1, -1, -1, -1, -1, -1, 1, -1, -1, 1, -1]);
    // (0,1,2): 1 - 2.25 + 2 = 0.75; (1,0,2): 1 - 0.25 + 2 = 2.75; (2,3,1): 6.25 - 0.25 + 2 = 8; (3,2,1): 6.25 - 9 + 2 < 0.
    expect(loss![0]).toBeCloseTo((0.75 + 2.75 + 8) / 3, 5);
    expect(counts!.slice(0, 6)).toEqual([4, 3, 2, 4, 14.5, 11.75]);
    const facts = tripletFacts(counts!);
    expect(facts).toMatchObject({ mined: 4, active: 0.75, violated: 0.5, positive: 3.625 });
  });
});

describe('alarms', () => {
  const fine = { loss: 1, gradientNorm: 1, updated: true, earlierNorms: [1, 1, 1, 1, 1, 1] };
  const counts = (spread: number, mined = 10) => [mined, 5, 1, 4, 3, 6, 12 * spread, 0];
  const kinds = (n: Partial<Parameters<typeof alarmsOf>[0]>) =>
    alarmsOf({ ...fine, ...n }).map(({ kind }) => kind);

  it('are silent where all is well', () => {
    expect(kinds({})).toEqual([]);
    expect(kinds({ triplets: counts(1) })).toEqual([]);
    expect(kinds({ gradientNorm: 15 })).toEqual([]);
    expect(kinds({ gradientNorm: 100, earlierNorms: [1, 1] })).toEqual([]);
    // Batches without a triplet have no gradient; one that has some is no jump.
    expect(kinds({ earlierNorms: [0, 0, 0, 0, 0, 1] })).toEqual([]);
  });
  it.each([
    ['not-finite', { loss: Number.NaN }],
    ['not-finite', { updated: false }],
    ['collapse', { triplets: counts(0.001) }],
    ['no-triplets', { triplets: counts(1, 0) }],
    ['gradient-large', { gradientNorm: 25 }],
    ['gradient-gone', { gradientNorm: 0 }],
  ])('%s', (kind, n) => expect(kinds(n)).toEqual([kind]));
  it('name numbers and give advice', () => {
    for (const alarm of alarmsOf({ ...fine, triplets: counts(0.001) })) {
      expect(alarm.message).toMatch(/1\.0e-3.*50 % of 10 triplets/);
      expect(alarm.advice.length).toBeGreaterThan(20);
    }
  });
});

it('projections are weights of their own', () => {
  const weights = new TrainableWeights(dryStore, projectionSpecs('p', 8, 4), 1);
  expect(weights.all.map(({ name, role }) => [name, role])).toEqual([
    ['p.weight', 'kernel'],
    ['p.bias', 'plain'],
  ]);
});
