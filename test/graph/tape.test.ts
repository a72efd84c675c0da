import { describe, expect, it } from 'vitest';
import { KernelError, ShapeError } from '../../src/base/errors.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET, type Target, written } from '../../src/gpu/kernel.js';

import { Tape } from '../../src/graph/tape.js';
import { weightedAddOp } from '../../src/kernels/arithmetic.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import type { OpSpec } from '../../src/kernels/op.js';
import { relu } from '../../src/kernels/relu.js';
import { dot } from './dot.js';

const target: Target = { ...PLAIN_TARGET, subgroupSize: 8, cpu: true };
const SHAPE = [1, 4, 3, 3];
const pinned = (name: string, shape: readonly number[] = SHAPE) =>
  tensor(name, shape, { lifetime: 'pinned' });
const labels = (tape: Tape, from = 0) => tape.dispatches.slice(from).map(({ label }) => label);

/** Records `build` and the loss dot(result, w); returns the labels of the backward pass. */
function backwardLabels(
  build: (tape: Tape) => Tensor,
  wrt: Tensor[],
): { tape: Tape; labels: string[]; gradients: Map<Tensor, Tensor> } {
  const tape = new Tape(target);
  const y = build(tape);
  const loss = tape.record(dot, 'loss', { x: y, w: pinned('w', y.shape) }, {});
  const forward = tape.dispatches.length;
  const gradients = tape.backward(loss, wrt);
  return { tape, labels: labels(tape, forward), gradients };
}

describe('backward', () => {
  it('runs the rules in reverse, from a seed of one', () => {
    const x = pinned('x');
    const result = backwardLabels(
      (tape) => tape.record(relu, 'r2', { x: tape.record(relu, 'r1', { x }, {}) }, {}),
      [x],
    );
    expect(result.labels).toEqual([
      'seed:loss',
      'dot:backward:x at loss',
      'relu:backward:x at r2',
      'relu:backward:x at r1',
    ]);
    const gradient = result.gradients.get(x)!;
    expect([gradient.name, gradient.shape, gradient.layout]).toEqual(['d(x)', SHAPE, 'image']);
    expect(written(result.tape.dispatches.at(-1)!)).toEqual([gradient]);
  });

  it('adds the gradients of all readers of a tensor', () => {
    const x = pinned('x');
    const { labels: list } = backwardLabels(
      (tape) => {
        const [a, b, c] = ['a', 'b', 'c'].map((where) => tape.record(relu, where, { x }, {}));
        const ab = tape.record(weightedAddOp, 'ab', { a: a!, b: b! }, { alpha: 2 });
        return tape.record(weightedAddOp, 'abc', { a: ab, b: c! }, { alpha: 1 });
      },
      [x],
    );
    expect(list.filter((label) => label === 'gradient:add at x')).toHaveLength(2);
    expect(list.filter((label) => label.startsWith('relu:backward'))).toHaveLength(3);
  });

  it('gives each of several wrt its gradient, intermediate tensors too', () => {
    const [x, z] = [pinned('x'), pinned('z')];
    let middle: Tensor | undefined;
    const { gradients } = backwardLabels(
      (tape) => {
        middle = tape.record(relu, 'middle', { x }, {});
        return tape.record(weightedAddOp, 'sum', { a: middle, b: z }, { alpha: 1 });
      },
      [x, z],
    );
    expect([...gradients.keys()]).toEqual([x, z]);
    const again = new Tape(target);
    const y = again.record(relu, 'y', { x }, {});
    const loss = again.record(dot, 'loss', { x: again.record(relu, 'z', { x: y }, {}), w: pinned('w') }, {});
    expect(again.backward(loss, [y]).get(y)!.name).toBe('d(y)');
  });

  it('differentiates only what leads from wrt to the loss', () => {
    const [x, other] = [pinned('x'), pinned('other')];
    const { labels: list } = backwardLabels(
      (tape) => {
        tape.record(relu, 'unused', { x }, {});
        const frozen = tape.record(relu, 'frozen', { x: other }, {});
        return tape.record(
          weightedAddOp,
          'sum',
          { a: tape.record(relu, 'used', { x }, {}), b: frozen },
          { alpha: 1 },
        );
      },
      [x],
    );
    expect(list).toEqual([
      'seed:loss',
      'dot:backward:x at loss',
      'weighted_add:backward:a at sum',
      'relu:backward:x at used',
    ]);
  });

  it('hands no gradient on to a detached input, nor through what is made from one', () => {
    const counted: OpSpec<Record<string, never>> = {
      ...relu,
      name: 'counted',
      detached: ['x'],
      backward: {},
    };
    const x = pinned('x');
    const { labels: list } = backwardLabels(
      (tape) => {
        const number = tape.record(counted, 'number', { x }, {});
        return tape.record(weightedAddOp, 'sum', { a: x, b: number }, { alpha: 2 });
      },
      [x],
    );
    expect(list).toEqual(['seed:loss', 'dot:backward:x at loss', 'weighted_add:backward:a at sum']);
  });

  it('computes what several gradients share once', () => {
    const [x, bias] = [pinned('x'), pinned('bias', [4])];
    const weight = tensor('weight', [4, 4, 3, 3], { layout: 'filter', constant: true });
    const { labels: list } = backwardLabels(
      (tape) => tape.record(conv2d, 'conv', { x, weight, bias }, { stride: 1, pad: 1, relu: true }),
      [x],
    );
    expect(list.filter((label) => label === 'conv2d:mask at conv')).toHaveLength(1);
  });
});

describe('pulling back given gradients', () => {
  it('starts from every seed, and adds a seed to what readers hand on', () => {
    const x = pinned('x');
    const tape = new Tape(target);
    const middle = tape.record(relu, 'middle', { x }, {});
    const top = tape.record(relu, 'top', { x: middle }, {});
    const forward = tape.dispatches.length;
    const seeds = new Map([
      [top, pinned('d(top)')],
      [middle, pinned('d(middle)')],
    ]);
    const gradient = tape.pullBack(seeds, [x]).get(x)!;
    expect(labels(tape, forward)).toEqual([
      'relu:backward:x at top',
      'gradient:add at middle',
      'relu:backward:x at middle',
    ]);
    expect(gradient.name).toBe('d(x)');
  });

  it('refuses a seed of another shape and a tensor that leads to none', () => {
    const x = pinned('x');
    const tape = new Tape(target);
    const y = tape.record(relu, 'y', { x }, {});
    expect(() => tape.pullBack(new Map([[y, pinned('seed', [1, 4, 3, 4])]]), [x])).toThrow(
      new ShapeError('backward: the seed of y must be image [1,4,3,3], it is image [1,4,3,4]'),
    );
    expect(() => tape.pullBack(new Map([[y, pinned('seed')]]), [pinned('stranger')])).toThrow(
      new KernelError('backward: y does not depend on stranger'),
    );
  });
});

describe('what a tape refuses', () => {
  const x = pinned('x');
  const weight = tensor('weight', [4, 4, 3, 3], { layout: 'filter', constant: true });

  it('a loss that is no scalar', () => {
    const tape = new Tape(target);
    const y = tape.record(relu, 'y', { x }, {});
    expect(() => tape.backward(y, [x])).toThrow(
      new ShapeError('backward: the loss must be flat with one value, y is image [1,4,3,3]'),
    );
    const dotted = tape.record(relu, 'pixel', { x: pinned('one', [1, 1, 1, 1]) }, {});
    expect(() => tape.backward(dotted, [x])).toThrow(ShapeError);
  });

  it('a loss that does not depend on every wrt', () => {
    const tape = new Tape(target);
    const loss = tape.record(dot, 'loss', { x, w: pinned('w') }, {});
    expect(() => tape.backward(loss, [x, pinned('stranger')])).toThrow(
      new KernelError('backward: loss does not depend on stranger'),
    );
    expect(labels(tape)).toEqual(['dot:forward at loss']);
  });

  it('an input without a gradient', () => {
    const tape = new Tape(target);
    const w = pinned('w');
    const loss = tape.record(dot, 'loss', { x, w }, {});
    expect(() => tape.backward(loss, [w])).toThrow(new KernelError('dot at loss has no gradient for w'));
  });

  it('a missing input, another layout, another shape', () => {
    const tape = new Tape(target);
    const attrs = { stride: 1, pad: 1 };
    expect(() => tape.record(conv2d, 'conv1', { x }, attrs)).toThrow(
      new ShapeError('conv2d at conv1: input weight is missing'),
    );
    expect(() => tape.record(conv2d, 'conv1', { x, weight: pinned('image') }, attrs)).toThrow(
      new ShapeError('conv2d at conv1: weight must have layout filter, image has image'),
    );
    expect(() => tape.record(conv2d, 'conv1', { x: pinned('wide', [1, 8, 3, 3]), weight }, attrs)).toThrow(
      new ShapeError(
        'conv2d at conv1: weight.shape[1] (4) must equal x.shape[1] (8); x [1,8,3,3], weight [4,4,3,3]',
      ),
    );
    expect(tape.dispatches).toEqual([]);
  });
});

it('counts the arithmetic of the forward ops', () => {
  const tape = new Tape(target);
  const weight = tensor('weight', [4, 4, 3, 3], { layout: 'filter', constant: true });
  tape.record(conv2d, 'conv', { x: pinned('x'), weight }, { stride: 1, pad: 1 });
  expect(tape.flops).toBe(2 * 9 * 4 * 4 * 9);
});
