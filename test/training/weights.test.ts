import { describe, expect, it } from 'vitest';
import { InputError, WeightsError } from '../../src/base/errors.js';
import { dryStore, TensorStore } from '../../src/gpu/store.js';
import { fansOf, type Initializer, initialValues, ONES, ZEROS } from '../../src/training/initialise.js';
import { TrainableWeights } from '../../src/training/weights.js';
import { useDevice } from '../kernels/shared.js';

const moments = (values: Float32Array) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
};

describe('first values', () => {
  it('fans by hand', () => {
    expect(fansOf([8, 3, 5, 5])).toEqual({ fanIn: 75, fanOut: 200 });
    expect(fansOf([7, 4])).toEqual({ fanIn: 4, fanOut: 7 });
    expect(() => fansOf([7])).toThrow(InputError);
  });

  it.each<[Initializer['kind'], number]>([
    ['he-normal', 2 / 288],
    ['he-uniform', 2 / 288],
    ['glorot-normal', 2 / (288 + 576)],
    ['glorot-uniform', 2 / (288 + 576)],
  ])('%s has mean 0 and the variance of its formula', (kind, variance) => {
    const values = initialValues('w', [64, 32, 3, 3], { kind } as Initializer, 1);
    const found = moments(values);
    // 18,432 values: the mean's deviation is 0.0074 of theirs, the variance's at most sqrt 2 times that; five of each.
    expect(Math.abs(found.mean)).toBeLessThan(5 * Math.sqrt(variance / values.length));
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
  });

  it('uniform ones keep to their limit', () => {
    const limit = Math.sqrt(6 / 50);
    const values = initialValues('w', [100, 50], { kind: 'he-uniform' }, 1);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(limit));
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.99 * limit);
  });

  it('depend on seed and name alone', () => {
    const of = (name: string, seed: number) => [...initialValues(name, [4, 4], { kind: 'he-uniform' }, seed)];
    expect(of('a', 1)).toEqual(of('a', 1));
    expect(of('a', 1)).not.toEqual(of('a', 2));
    expect(of('a', 1)).not.toEqual(of('b', 1));
    expect([...initialValues('a', [3], ONES, 1)]).toEqual([1, 1, 1]);
  });
});

describe('weights', () => {
  const gpu = useDevice();
  const specs = [
    { name: 'conv.weight', shape: [5, 3, 3, 3], init: { kind: 'he-uniform' } },
    { name: 'conv.bias', shape: [5], init: ZEROS },
    { name: 'old.weight', shape: [2, 5], init: ONES, role: 'frozen' },
    { name: 'running.mean', shape: [5], init: ZEROS, role: 'statistic' },
  ] as const;

  it('have the roles of their ranks, unless said', () => {
    const weights = new TrainableWeights(dryStore, specs, 1);
    expect(weights.all.map(({ role }) => role)).toEqual(['kernel', 'plain', 'frozen', 'statistic']);
    expect(weights.trained.map(({ name }) => name)).toEqual(['conv.weight', 'conv.bias']);
    expect(weights.size).toBe(5 * 27 + 5);
    expect(weights.get('conv.weight').layout).toBe('filter');
    expect(weights.get('old.weight').constant).toBe(true);
    expect(weights.get('running.mean').constant).toBe(false);
  });

  it('name what is wrong', () => {
    const weights = new TrainableWeights(dryStore, specs, 1);
    expect(() => weights.get('fc')).toThrow('no weight fc');
    expect(() => weights.get('conv.bias', [6])).toThrow('must be [6], is [5]');
    expect(() => new TrainableWeights(dryStore, [specs[1], specs[1]], 1)).toThrow(WeightsError);
  });

  it('come back as they were written', async () => {
    const store = new TensorStore(gpu.device);
    try {
      const weights = new TrainableWeights(store, specs, 7);
      const begun = await weights.read(store);
      expect(begun.get('conv.weight')!.values).toEqual(
        initialValues('conv.weight', [5, 3, 3, 3], { kind: 'he-uniform' }, 7),
      );
      weights.write(store, new Map([['conv.bias', { shape: [5], values: Float32Array.of(1, 2, 3, 4, 5) }]]));
      expect([...(await weights.read(store)).get('conv.bias')!.values]).toEqual([1, 2, 3, 4, 5]);
      const half = new Map([['conv.bias', begun.get('conv.bias')!]]);
      expect(() => weights.write(store, half, { complete: true })).toThrow(
        'conv.weight [5,3,3,3] is missing',
      );
      const wrong = new Map([['conv.bias', { shape: [4], values: new Float32Array(4) }]]);
      expect(() => weights.write(store, wrong)).toThrow('must be [4], is [5]');
      weights.destroy();
      expect(store.bytes).toBe(0);
    } finally {
      store.destroy();
    }
  });
});
