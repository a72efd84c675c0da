import { expect, it } from 'vitest';
import { crop2dFamily } from '../../harness/cases/crop2d.js';
import { ShapeError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { addAtDispatch, crop2d } from '../../src/kernels/crop2d.js';
import { ndarray } from '../../src/reference/array.js';
import { crop2dReference } from '../../src/reference/crop2d.js';
import { checkFamily, useDevice } from './shared.js';

const gpu = useDevice();

it('crop2d by hand', () => {
  const x = ndarray([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
  const attrs = { top: 0, left: 1, height: 2, width: 2 };
  const y = crop2dReference.forward({ x }, attrs);
  expect([...y.data]).toEqual([2, 3, 5, 6]);
  const dx = crop2dReference.backward.x!({ x }, y, ndarray([1, 1, 2, 2], [10, 20, 30, 40]), attrs);
  expect([...dx.data]).toEqual([0, 10, 20, 0, 30, 40]);
});

it('adds rectangles in place, moved from run to run', async () => {
  const store = new TensorStore(gpu.device);
  const whole = store.pin(
    tensor('whole', [1, 3, 3, 4], { lifetime: 'pinned' }),
    new Float32Array(36).fill(1),
  );
  const part = store.pin(tensor('part', [1, 3, 2, 2], { lifetime: 'pinned' }), new Float32Array(12).fill(2));
  const add = addAtDispatch('add', gpu.device.target, part, whole, { top: 0, left: 0 });
  const program = await Program.compile(store, [add]);
  program.run();
  program.setParams('add', { top: 1, left: 1 });
  program.run();
  const plane = [3, 3, 1, 1, 3, 5, 3, 1, 1, 3, 3, 1];
  expect([...(await program.read(whole))]).toEqual([...plane, ...plane, ...plane]);
  store.clear(whole);
  expect((await store.read(whole)).every((value) => value === 0)).toBe(true);
  program.destroy();
  store.destroy();
});

it.each([
  [{ top: -1 }, 'rows -1..0 must lie in 0..3'],
  [{ left: 4 }, 'columns 4..5 must lie in 0..4'],
  [{ height: 0 }, 'rows 0..-1 must lie in 0..3'],
  [{ width: 1.5 }, 'columns 0..0.5 must lie in 0..4'],
])('refuses %o', (attrs, rule) => {
  const given = { top: 0, left: 0, height: 2, width: 2, ...attrs };
  expect(() => crop2d.output({ x: [1, 3, 4, 5] }, given, 'window')).toThrow(
    new ShapeError(`crop2d at window: ${rule}; x [1,3,4,5]`),
  );
});

checkFamily(crop2dFamily);
