// Every weight of nn4.small2 has a gradient: no op between it and a loss lacks a rule.
import { expect, it } from 'vitest';
import { type Shape, sizeOf } from '../../src/base/shape.js';
import { tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { dryStore } from '../../src/gpu/store.js';
import { lifetimes } from '../../src/graph/liveness.js';
import { Tape } from '../../src/graph/tape.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import type { WeightTensor } from '../../src/nets/manifest.js';
import { nn4Small2, nn4Small2Pairs } from '../../src/nets/nn4-small2.js';
import { PinnedWeights } from '../../src/nets/pinned-weights.js';

it.each([
  ['a GPU', PLAIN_TARGET],
  ['a CPU rasteriser', { ...PLAIN_TARGET, cpu: true, subgroupSize: 8 }],
])('on %s', (_name, target) => {
  const loaded = new Map<string, WeightTensor>();
  const add = (name: string, shape: Shape) =>
    loaded.set(name, { shape, values: new Float32Array(sizeOf(shape)) });
  for (const { conv, shape } of nn4Small2Pairs()) {
    add(`${conv}.weight`, shape);
    add(`${conv}.bias`, [shape[0]!]);
  }
  add('dense.weight', [128, 736]);
  add('dense.bias', [128]);
  const weights = new PinnedWeights(dryStore, loaded, 'test');
  const tape = new Tape(target);
  const layers = nn4Small2(tape, weights, tensor('x', [2, 3, 96, 96], { lifetime: 'pinned' }));
  const inputs = {
    x: layers.get('embedding')!,
    target: tensor('target', [2, 128], { lifetime: 'pinned' }),
  };
  const loss = tape.record(squaredError, 'loss', inputs, { scale: 1 });
  const all = [...loaded.keys()].map((name) => weights.get(name));
  const gradients = tape.backward(loss, all);
  for (const t of all) {
    expect(gradients.get(t)?.shape, t.name).toEqual(t.shape);
    expect(gradients.get(t)?.layout, t.name).toBe(t.layout);
  }
  // Everything that is read was written before.
  expect(lifetimes(tape.dispatches, [...gradients.values()]).size).toBeGreaterThan(all.length);
});
