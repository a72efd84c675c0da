import { expect, it } from 'vitest';
import { KernelError } from '../../src/base/errors.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { planMemory } from '../../src/graph/liveness.js';
import { Program } from '../../src/graph/program.js';
import { SharedLayout, SharedMemory } from '../../src/graph/shared-memory.js';
import { Tape } from '../../src/graph/tape.js';
import { weightedAddDispatch, weightedAddOp } from '../../src/kernels/arithmetic.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { useDevice } from '../kernels/shared.js';

const gpu = useDevice();

/** Convolutions one after the other, which read textures on CPU adapters; `result` gets the last, times `alpha`. */
function chain(x: Tensor, weight: Tensor, result: Tensor, count: number, alpha: number): Tape {
  const tape = new Tape(gpu.device.target);
  let value = x;
  for (let i = 0; i < count; i++) {
    value = tape.record(conv2d, `conv${i}`, { x: value, weight }, { stride: 1, pad: 1 });
    value = tape.record(weightedAddOp, `half${i}`, { a: value }, { alpha: 0.5 });
  }
  tape.emit(weightedAddDispatch('result', tape.target, result, value, alpha));
  return tape;
}

it('gives programs the bits that they have with memory of their own', async () => {
  const store = new TensorStore(gpu.device);
  const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  const x = store.pin(tensor('x', [1, 5, 9, 11], { lifetime: 'pinned' }), values(495));
  const weight = store.pin(tensor('weight', [5, 5, 3, 3], { layout: 'filter', constant: true }), values(225));
  const pinned = ['a', 'b'].map((name) => store.pin(tensor(name, [1, 5, 9, 11], { lifetime: 'pinned' }))) as [
    Tensor,
    Tensor,
  ];
  const lists = [chain(x, weight, pinned[0], 4, 1).dispatches, chain(x, weight, pinned[1], 2, 3).dispatches];
  const run = async (memory?: SharedMemory) => {
    const programs = [];
    for (const list of lists) programs.push(await Program.compile(store, list, memory ? { memory } : {}));
    // Twice, so that each finds what the other left.
    for (let i = 0; i < 2; i++) for (const program of programs) program.run();
    const out = [await store.read(pinned[0]), await store.read(pinned[1])];
    for (const program of programs) program.destroy();
    return out;
  };
  const alone = await run();
  const memory = new SharedMemory(gpu.device, 'shared');
  expect(await run(memory)).toEqual(alone);
  memory.destroy();

  const plans = lists.map((list) => planMemory(list));
  const layout = new SharedLayout();
  for (const plan of plans) layout.place(plan);
  const apart = plans.map((plan) => plan.transientBytes + plan.textureBytes);
  expect(layout.bytes).toBe(Math.max(...apart));
  store.destroy();
});

it('refuses to keep a tensor there', async () => {
  const store = new TensorStore(gpu.device);
  const x = store.pin(tensor('x', [4], { lifetime: 'pinned' }));
  const tape = new Tape(gpu.device.target);
  const y = tape.record(weightedAddOp, 'y', { a: x }, { alpha: 2 });
  const memory = new SharedMemory(gpu.device, 'shared');
  await expect(Program.compile(store, tape.dispatches, { memory, keep: [y] })).rejects.toThrow(
    new KernelError('program: y cannot be kept in memory that other programs use'),
  );
  memory.destroy();
  store.destroy();
});
