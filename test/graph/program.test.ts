import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compare } from '../../harness/check.js';
import { KernelError } from '../../src/base/errors.js';
import { geometryOf } from '../../src/base/layout.js';
import { tensor } from '../../src/base/tensor.js';
import { dispatch } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { weightedAddDispatch } from '../../src/kernels/arithmetic.js';
import { relu, reluForwardKernel } from '../../src/kernels/relu.js';
import { abs, map, ndarray } from '../../src/reference/array.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { useDevice } from '../kernels/shared.js';
import { dot } from './dot.js';
import { CONV, netArrays, recordNet, referenceNet } from './net.js';

const gpu = useDevice();
let store: TensorStore;
beforeEach(() => {
  store = new TensorStore(gpu.device);
});
afterEach(() => store.destroy());

const arrays = netArrays(20);

describe('tape and program, end to end', () => {
  it('the float64 chain is the gradient of the loss: central differences', () => {
    const { dx, conv1 } = referenceNet(arrays);
    // No unit within a step of its kink, or the difference would straddle it.
    expect(conv1.data.reduce((least, value) => Math.min(least, Math.abs(value)), 1)).toBeGreaterThan(1e-4);
    const step = 1e-6;
    const scale = Math.max(...dx.data.map(Math.abs));
    for (let i = 0; i < arrays.x.data.length; i += 5) {
      const moved = (by: number) => {
        const x = map(arrays.x, (value, at) => (at === i ? value + by : value));
        return referenceNet({ ...arrays, x }).loss;
      };
      expect(Math.abs((moved(step) - moved(-step)) / (2 * step) - dx.data[i]!)).toBeLessThan(1e-7 * scale);
    }
  });

  it('the GPU gives the chain’s loss and gradient', async () => {
    const net = recordNet(store, arrays, gpu.device.target);
    const program = await Program.compile(store, net.tape.dispatches, {
      keep: [net.loss, net.dx, net.features],
    });
    program.runPoisoned();
    const expected = referenceNet(arrays);
    // Every op is linear in what flows through it, so the chain of absolute values bounds the chain of errors,
    // and a value's number of terms is the sum over the ops that it passed: 28 and 54 products, 315 in the loss.
    const absolute = {
      x: abs(arrays.x),
      weight1: abs(arrays.weight1),
      bias1: abs(arrays.bias1),
      weight2: abs(arrays.weight2),
      w: abs(arrays.w),
    };
    const bound = referenceNet(absolute);
    const mask = map(expected.features, (value) => (value > 0 ? 1 : 0));
    const throughMask = conv2dReference.backward.x!(
      { x: bound.features, weight: absolute.weight2 },
      bound.features,
      absolute.w,
      CONV,
    );
    const magnitude = conv2dReference.backward.x!(
      { x: absolute.x, weight: absolute.weight1 },
      bound.conv1,
      map(throughMask, (value, i) => value * mask.data[i]!),
      CONV,
    );
    const results = [
      compare('features', await program.read(net.features), expected.features, {
        magnitude: bound.conv1,
        terms: 28,
      }),
      compare('loss', await program.read(net.loss), ndarray([1], [expected.loss]), {
        magnitude: ndarray([1], [bound.loss]),
        terms: 28 + 54 + 315,
      }),
      compare('dx', await program.read(net.dx), expected.dx, { magnitude, terms: 1 + 45 + 54 }),
    ];
    for (const result of results) expect(result.ok, result.report).toBe(true);
    program.destroy();
  });

  it('reuse, no reuse, poison and a second run give the same bits', async () => {
    const net = recordNet(store, arrays, gpu.device.target);
    const keep = [net.loss, net.dx];
    const shared = await Program.compile(store, net.tape.dispatches, { keep });
    const apart = await Program.compile(store, net.tape.dispatches, { keep, reuse: false });
    expect(shared.plan.slots.length).toBeLessThan(apart.plan.slots.length);
    const results: Float32Array[][] = [];
    for (const run of [
      () => shared.run(),
      () => apart.run(),
      () => shared.runPoisoned(),
      () => apart.runPoisoned(),
      () => shared.run(),
    ]) {
      run();
      const from = results.length % 2 === 1 ? apart : shared;
      results.push([await from.read(net.loss), await from.read(net.dx)]);
    }
    expect(results[0]![0]![0]).not.toBe(0);
    for (const result of results) expect(result).toEqual(results[0]);
    shared.destroy();
    apart.destroy();
  });

  it('poison shows a tensor that nobody writes whole', async () => {
    const x = tensor('x', [8]);
    const y = tensor('y', [8]);
    // Half of x is left out by a count of one vec4 instead of two.
    const lazy = dispatch(
      reluForwardKernel,
      {},
      'lazy',
      { x: store.pin(tensor('p', [8], { lifetime: 'pinned' })), y: x },
      { count: 1, stride: 64 },
      [1, 1, 1],
    );
    const all = dispatch(reluForwardKernel, {}, 'all', { x, y }, { count: 2, stride: 64 }, [1, 1, 1]);
    const program = await Program.compile(store, [lazy, all], { keep: [x] });
    program.runPoisoned();
    expect([...(await program.read(x))]).toEqual([
      0,
      0,
      0,
      0,
      Number.NaN,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    program.destroy();
  });
});

describe('constants', () => {
  it('what depends on constants alone runs once, and every program of the store shares it', async () => {
    const net = recordNet(store, arrays, gpu.device.target);
    const hoisted = net.tape.dispatches.filter(({ label }) => /filter_flip|seed/.test(label));
    expect(hoisted).toHaveLength(3);
    const program = await Program.compile(store, net.tape.dispatches, { keep: [net.dx] });
    // Besides the flips and the seed, the loss's own gradient hangs on constants alone.
    expect(program.length).toBeLessThan(net.tape.dispatches.length - hoisted.length);
    const held = store.bytes;
    const other = await Program.compile(store, net.tape.dispatches, { keep: [net.dx] });
    expect(store.bytes).toBe(held);
    program.destroy();
    other.destroy();
  });

  it('cannot be overwritten once something was computed from them, and take it along when they go', async () => {
    const net = recordNet(store, arrays, gpu.device.target);
    const program = await Program.compile(store, net.tape.dispatches, { keep: [net.dx] });
    const weight = net.tape.dispatches
      .flatMap(({ buffers }) => Object.values(buffers))
      .find(({ name }) => name === 'weight2')!;
    expect(() => store.write(weight, arrays.weight2.data)).toThrow(
      new KernelError('weight2 is a constant and conv2.flipped was computed from it: pin a new tensor'),
    );
    const held = store.bytes;
    program.destroy();
    store.release(weight);
    const own = geometryOf(weight.shape, 'filter').bytes;
    const flipped = geometryOf([6, 5, 3, 3], 'filter').bytes;
    expect(held - store.bytes).toBeGreaterThanOrEqual(own + flipped);
  });

  it('that cannot be computed leave the store as it was', async () => {
    const weight = store.pin(tensor('weight', [8], { constant: true }), new Float32Array(8));
    const broken = { ...reluForwardKernel, name: 'broken', shader: () => 'fn main() {}' };
    const list = [
      dispatch(broken, {}, 'broken', { x: weight, y: tensor('y', [8]) }, { count: 2, stride: 64 }, [1, 1, 1]),
    ];
    for (const _ of [1, 2]) await expect(Program.compile(store, list)).rejects.toThrow(KernelError);
    expect(store.bytes).toBe(32);
  });
});

describe('setParams and read', () => {
  const values = [1, 2, 3, 4, 5];

  async function weighted() {
    const a = store.pin(tensor('a', [5], { lifetime: 'pinned' }), values);
    const b = store.pin(tensor('b', [5], { lifetime: 'pinned' }), [1, 1, 1, 1, 1]);
    const y = tensor('y', [5]);
    const list = [weightedAddDispatch('sum', gpu.device.target, y, a, 2, b, 3)];
    return { y, a, program: await Program.compile(store, list, { keep: [y], label: 'demo' }) };
  }

  it('sets params from the next run on, and keeps those set before', async () => {
    const { y, program } = await weighted();
    const run = async () => {
      program.run();
      return [...(await program.read(y))];
    };
    expect(await run()).toEqual([5, 7, 9, 11, 13]);
    program.setParams('sum', { alpha: 10 });
    expect(await run()).toEqual([13, 23, 33, 43, 53]);
    program.setParams('sum', { beta: 0 });
    expect(await run()).toEqual([10, 20, 30, 40, 50]);
    expect(() => program.setParams('other', { alpha: 1 })).toThrow(
      new KernelError('demo has no dispatch labelled other'),
    );
    expect(() => program.setParams('sum', { gamma: 1 })).toThrow(KernelError);
    expect(await run()).toEqual([10, 20, 30, 40, 50]);
    program.destroy();
  });

  it('reads pinned and kept tensors, and no others', async () => {
    const { a, program } = await weighted();
    expect([...(await program.read(a))]).toEqual(values);
    await expect(program.read(tensor('stranger', [1]))).rejects.toThrow(
      new KernelError('demo: stranger is no tensor of this program'),
    );
    const net = recordNet(store, arrays, gpu.device.target);
    const other = await Program.compile(store, net.tape.dispatches, { keep: [net.dx], label: 'net' });
    await expect(other.read(net.features)).rejects.toThrow(
      new KernelError('net: relu1 is not kept, so that its slot may hold another tensor by now'),
    );
    program.destroy();
    other.destroy();
  });
});

it('profile times every dispatch in order, or says that it cannot', async () => {
  const net = recordNet(store, arrays, gpu.device.target);
  const program = await Program.compile(store, net.tape.dispatches, { keep: [net.dx], label: 'net' });
  if (gpu.device.gpu.features.has('timestamp-query')) {
    const timings = await program.profile();
    expect(timings).toHaveLength(
      program.length + program.plan.textures.copies.filter(({ before }) => before > 0).length,
    );
    expect(timings.map(({ label }) => label)).toContain('conv2d:forward at conv1');
    for (const { ms } of timings) expect(ms >= 0 && ms < 10_000).toBe(true);
    expect(timings.some(({ ms }) => ms > 0)).toBe(true);
    // More runs than a query set holds: each dispatch as often as there are runs.
    const runs = Math.floor(2048 / program.length) + 2;
    const last = timings.at(-1)!.label;
    const many = await program.profile(runs);
    expect(many.filter(({ label }) => label === last)).toHaveLength(
      runs * timings.filter(({ label }) => label === last).length,
    );
  } else {
    await expect(program.profile()).rejects.toThrow(
      new KernelError('net: this adapter has no timestamp-query, so dispatches cannot be timed'),
    );
  }
  program.destroy();
});

describe('a list that cannot be compiled', () => {
  it('names the binding that is missing, and leaves no error scope behind', async () => {
    const x = store.pin(tensor('x', [8], { lifetime: 'pinned' }));
    const list = [dispatch(reluForwardKernel, {}, 'half', { x }, { count: 2, stride: 64 }, [1, 1, 1])];
    await expect(Program.compile(store, list)).rejects.toThrow(
      new KernelError('half: nothing is bound to y of relu_forward'),
    );
    // A scope left on the stack would be found here instead of null.
    await expect(gpu.device.gpu.popErrorScope()).rejects.toThrow();
  });
});

it('runs a dispatch that reads one tensor through two bindings', async () => {
  const tape = new Tape(gpu.device.target);
  const x = store.pin(tensor('x', [5], { lifetime: 'pinned' }), [-1, 1, 2, 3, 4]);
  const y = tape.record(relu, 'y', { x }, {});
  const loss = tape.record(dot, 'loss', { x: y, w: y }, {});
  const program = await Program.compile(store, tape.dispatches, { keep: [loss] });
  program.run();
  expect([...(await program.read(loss))]).toEqual([1 + 4 + 9 + 16]);
  program.destroy();
});
