import { describe, expect, it } from 'vitest';
import { concatFamily, depthConcatFamily, sliceFamily } from '../../harness/cases/concat.js';
import { ShapeError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { concat, depthConcat, slice } from '../../src/kernels/concat.js';
import { squaredError } from '../../src/kernels/squared-error.js';
import { ndarray } from '../../src/reference/array.js';
import { concatReference, sliceReference } from '../../src/reference/concat.js';
import { checkFamily, useDevice } from './shared.js';

it('concat by hand: the second batch begins behind both inputs of the first', () => {
  const inputs = {
    x0: ndarray([2, 1, 1, 2], [1, 2, 3, 4]),
    x1: ndarray([2, 2, 1, 2], [5, 6, 7, 8, 9, 10, 11, 12]),
  };
  const y = concatReference.forward(inputs, {});
  expect(y.shape).toEqual([2, 3, 1, 2]);
  expect([...y.data]).toEqual([1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12]);
  expect([...concatReference.backward.x0!(inputs, y, y, {}).data]).toEqual([1, 2, 3, 4]);
  expect([...concatReference.backward.x1!(inputs, y, y, {}).data]).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
});

it('depth_concat by hand: one pixel in 2x3 lies in the middle of the upper row', () => {
  const inputs = { x0: ndarray([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]), x1: ndarray([1, 1, 1, 1], [9]) };
  const y = concatReference.forward(inputs, {});
  expect([...y.data]).toEqual([1, 2, 3, 4, 5, 6, 0, 9, 0, 0, 0, 0]);
  const dy = ndarray(y.shape, [...y.data.keys()]);
  expect([...concatReference.backward.x1!(inputs, y, dy, {}).data]).toEqual([7]);
});

// The paddings (before, after) that the released nn4.small2 gives its pooling branches.
it.each([
  [12, 5, [3, 4]],
  [12, 4, [4, 4]],
  [6, 5, [0, 1]],
  [6, 2, [2, 2]],
  [3, 2, [0, 1]],
  [3, 1, [1, 1]],
])('depth_concat centres as nn4.small2 does: %d over %d', (size, extent, [before, after]) => {
  const inputs = {
    x0: ndarray([1, 1, size, 1], new Array(size).fill(0)),
    x1: ndarray([1, 1, extent, 1], new Array(extent).fill(1)),
  };
  const column = [...concatReference.forward(inputs, {}).data.slice(size)];
  expect(column.indexOf(1)).toBe(before);
  expect(size - 1 - column.lastIndexOf(1)).toBe(after);
});

it('slice by hand', () => {
  const x = ndarray([1, 3, 1, 2], [1, 2, 3, 4, 5, 6]);
  const attrs = { begin: 1, channels: 2 };
  const y = sliceReference.forward({ x }, attrs);
  expect([...y.data]).toEqual([3, 4, 5, 6]);
  expect([...sliceReference.backward.x!({ x }, y, y, attrs).data]).toEqual([0, 0, 3, 4, 5, 6]);
});

describe('refuses', () => {
  it('unequal maps', () => {
    expect(() => concat.output({ x0: [1, 3, 4, 4], x1: [1, 3, 4, 5] }, {}, '3a')).toThrow(
      new ShapeError('concat at 3a: maps must be equal, x0 is [1,3,4,4]; x0 [1,3,4,4], x1 [1,3,4,5]'),
    );
  });
  it.each([concat, depthConcat])('unequal batches: $name', (op) => {
    expect(() => op.output({ x0: [1, 3, 4, 4], x1: [2, 3, 4, 4] }, {}, '3a')).toThrow(
      new ShapeError(`${op.name} at 3a: all inputs must have one batch size; x0 [1,3,4,4], x1 [2,3,4,4]`),
    );
  });
  it('what is no image', () => {
    expect(() => depthConcat.output({ x0: [1, 3, 4, 4], x1: [3, 4] }, {}, '3a')).toThrow(
      new ShapeError('depth_concat at 3a: expected [N,C,H,W], got [3,4]'),
    );
  });
  it.each([
    [-1, 2],
    [0, 0],
    [3, 3],
    [0.5, 2],
  ])('a slice from %d of %d channels', (begin, channels) => {
    expect(() => slice.output({ x: [1, 5, 4, 4] }, { begin, channels }, 'box')).toThrow(
      new ShapeError(
        `slice at box: channels ${begin} to ${begin + channels} must lie in 0 to 5, one at least; x [1,5,4,4]`,
      ),
    );
  });
});

checkFamily(concatFamily);
checkFamily(depthConcatFamily);
checkFamily(sliceFamily);

const gpu = useDevice();

it('adds the gradients of a tensor that is concatenated twice and sliced', async () => {
  const store = new TensorStore(gpu.device);
  const tape = new Tape(gpu.device.target);
  const values = Float32Array.from([1, 2, 3, 4, 5, 6]);
  const x = store.pin(tensor('x', [1, 3, 1, 2], { lifetime: 'pinned' }), values);
  // Channels x0 x1 x2 x0 x1 x2, of which x1 x2 x0 x1 are kept.
  const both = tape.record(concat, 'both', { x0: x, x1: x }, {});
  const kept = tape.record(slice, 'kept', { x: both }, { begin: 1, channels: 4 });
  const goal = store.pin(tensor('goal', kept.shape, { lifetime: 'pinned' }), new Float32Array(8));
  const loss = tape.record(squaredError, 'loss', { x: kept, target: goal }, { scale: 0.5 });
  const dx = tape.backward(loss, [x]).get(x)!;
  const program = await Program.compile(store, tape.dispatches, { keep: [loss, dx] });
  program.runPoisoned();
  // Half the sum of the squares: 3^2 + 4^2 twice, the others once.
  expect([...(await program.read(loss))]).toEqual([(1 + 4 + 2 * 9 + 2 * 16 + 25 + 36) / 2]);
  expect([...(await program.read(dx))]).toEqual([1, 2, 6, 8, 5, 6]);
  program.destroy();
  store.destroy();
});
