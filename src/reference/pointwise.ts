// CPU twins of relu and weighted_add.
import { type Arrays, abs, absAll, map, type NdArray, type ReferenceOp } from './array.js';

export const reluReference: ReferenceOp = {
  forward: ({ x }) => map(x!, (value) => Math.max(value, 0)),
  backward: { x: (_inputs, y, dy) => map(dy, (value, i) => (y.data[i]! > 0 ? value : 0)) },
  forwardBound: ({ x }) => ({ magnitude: abs(x!), terms: 1 }),
  backwardBound: { x: (_inputs, _y, dy) => ({ magnitude: abs(dy), terms: 1 }) },
};

interface AddAttrs {
  readonly alpha: number;
  readonly beta?: number;
}

function add({ a, b }: Arrays, { alpha, beta = 1 }: AddAttrs): NdArray {
  return map(a!, (value, i) => alpha * value + (b ? beta * b.data[i]! : 0));
}

export const weightedAddReference: ReferenceOp<AddAttrs> = {
  forward: add,
  backward: {
    a: (_inputs, _y, dy, attrs) => map(dy, (value) => attrs.alpha * value),
    b: (_inputs, _y, dy, attrs) => map(dy, (value) => (attrs.beta ?? 1) * value),
  },
  forwardBound: (inputs, attrs) => ({
    magnitude: add(absAll(inputs), { alpha: Math.abs(attrs.alpha), beta: Math.abs(attrs.beta ?? 1) }),
    terms: 3,
  }),
  backwardBound: {
    a: (_inputs, _y, dy, attrs) => ({
      magnitude: map(dy, (value) => Math.abs(attrs.alpha * value)),
      terms: 1,
    }),
    b: (_inputs, _y, dy, attrs) => ({
      magnitude: map(dy, (value) => Math.abs((attrs.beta ?? 1) * value)),
      terms: 1,
    }),
  },
};
