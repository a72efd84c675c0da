import { expect, it } from 'vitest';
import { tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { withoutUnused } from '../../src/graph/prune.js';
import { Tape } from '../../src/graph/tape.js';
import { weightedAddDispatch } from '../../src/kernels/arithmetic.js';
import { gram } from '../../src/kernels/gram.js';
import { relu } from '../../src/kernels/relu.js';

const pinned = (name: string, shape: readonly number[]) => tensor(name, shape, { lifetime: 'pinned' });

it('drops the forward pass of an op of which only the gradient is wanted', () => {
  const x = pinned('x', [1, 4, 5, 6]);
  const result = pinned('result', [1, 4, 5, 6]);
  const tape = new Tape(PLAIN_TARGET);
  const y = tape.record(relu, 'relu', { x }, {});
  const g = tape.record(gram, 'gram', { x: y }, { scale: 1 });
  const dx = tape.pullBack(new Map([[g, pinned('seed', [4, 4])]]), [x]).get(x)!;
  tape.emit(weightedAddDispatch('copy', tape.target, result, dx, 1));
  const labels = withoutUnused(tape.dispatches).map(({ label }) => label);
  expect(labels).toEqual([
    'relu:forward at relu',
    'gram:backward:x at gram (symmetrise)',
    'gram:backward:x at gram',
    'relu:backward:x at relu',
    'copy',
  ]);
  const kept = withoutUnused(tape.dispatches, [g]).map(({ label }) => label);
  expect(kept).toContain('gram:forward at gram');
  expect(kept).toHaveLength(tape.dispatches.length);
});

it('keeps nothing where nothing is wanted', () => {
  const tape = new Tape(PLAIN_TARGET);
  tape.record(relu, 'relu', { x: pinned('x', [1, 4, 5, 6]) }, {});
  expect(withoutUnused(tape.dispatches)).toEqual([]);
});
