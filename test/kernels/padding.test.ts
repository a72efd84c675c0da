// Every op keeps what the layouts promise (src/base/tensor.ts): padding lanes and borders are zero, whatever
// lay in the buffer before. The comparison with the references sees logical values only.
import { describe, expect, it } from 'vitest';
import type { CaseFamily } from '../../harness/cases/family.js';
import { families } from '../../harness/cases/index.js';
import { buildCase, caseInputs } from '../../harness/check.js';
import { geometryOf, packTensor, unpackTensor } from '../../src/base/layout.js';
import { normal } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { type Layout, type Tensor, tensor } from '../../src/base/tensor.js';
import type { Device } from '../../src/gpu/device.js';
import type { Dispatch } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { ruleTensors } from '../../src/graph/rule.js';
import type { OpContext, OpSpec } from '../../src/kernels/op.js';
import { useDevice } from './shared.js';

const gpu = useDevice();

/** NaN in every interior place and padding lane, zero on the border: what a slot may hold before its tensor. */
function poisoned({ shape, layout }: Tensor): Float32Array {
  const axes = { image: [1], filter: [0, 1], flat: [shape.length - 1] }[layout];
  const rounded = shape.map((extent, axis) => (axes.includes(axis) ? 4 * Math.ceil(extent / 4) : extent));
  return packTensor(new Float32Array(sizeOf(rounded)).fill(Number.NaN), rounded, layout);
}

/** Runs the list on a poisoned `out`; returns how many floats outside its logical values are not zero. */
async function strays(store: TensorStore, out: Tensor, list: readonly Dispatch<Tensor>[]): Promise<number> {
  store.device.write(store.buffer(out), poisoned(out));
  const program = await Program.compile(store, list);
  program.run();
  const physical = await store.device.read(store.buffer(out), geometryOf(out.shape, out.layout).bytes);
  program.destroy();
  const expected = packTensor(unpackTensor(physical, out.shape, out.layout), out.shape, out.layout);
  // Adding 0 makes -0 equal to 0; Object.is makes NaN equal to itself.
  return physical.filter((value, i) => !Object.is(value + 0, expected[i]! + 0)).length;
}

async function checkPadding(device: Device, f: CaseFamily, text: string): Promise<void> {
  const op = f.op as unknown as OpSpec<unknown>;
  const built = buildCase(f, text);
  const { shapes, attrs } = built;
  const inputs = caseInputs(built, 1);
  const store = new TensorStore(device);
  const pin = (
    name: string,
    shape: readonly number[],
    layout: Layout | undefined,
    values?: ArrayLike<number>,
  ) => store.pin(tensor(name, shape, { lifetime: 'pinned', ...(layout ? { layout } : {}) }), values);
  try {
    const pinned: Record<string, Tensor> = {};
    for (const [name, array] of Object.entries(inputs)) {
      pinned[name] = pin(name, array.shape, op.layouts?.[name], array.data);
    }
    const context: OpContext = {
      target: device.target,
      where: 'padding',
      scratch: (name, shape, layout) => tensor(name, shape, layout ? { layout } : {}),
    };
    const given = Object.fromEntries(Object.entries(shapes).filter(([, shape]) => shape)) as Record<
      string,
      number[]
    >;
    const { shape, layout } = op.output(given, attrs, 'padding');
    const y = pin('y', shape, layout);
    const forward = await strays(store, y, op.forward({ ...pinned, y }, attrs, context));
    expect(forward, `${op.name}:forward:${text}`).toBe(0);

    const dy = pin(
      'dy',
      shape,
      layout,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => normal(99, i)),
    );
    for (const [name, rule] of Object.entries(op.backward)) {
      const input = pinned[name];
      if (!input) continue;
      const dx = pin('dx', input.shape, input.layout);
      const { tensors, dispatches } = ruleTensors({ op, inputs: pinned, attrs, y }, dy, context);
      const list = [...dispatches, ...rule({ ...tensors, dx }, attrs, context)];
      expect(await strays(store, dx, list), `${op.name}:backward:${name}:${text}`).toBe(0);
      const can = op.finishes?.[name];
      if (can) {
        const finish = { ...(can.includes('add') ? { earlier: input } : {}), mask: input };
        const finished = [...dispatches, ...rule({ ...tensors, ...finish, dx }, attrs, context)];
        expect(await strays(store, dx, finished), `${op.name}:backward:${name}:${text} finished`).toBe(0);
      }
      store.release(dx);
    }
  } finally {
    store.destroy();
  }
}

describe.each(families.map((f) => [f.op.name, f] as const))('%s keeps its padding zero', (_name, f) => {
  it.each(f.cases)('%s', (text) => checkPadding(gpu.device, f, text));
});
