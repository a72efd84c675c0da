// Random lists of dispatches of a kernel that exists on paper only, for properties of what plans them.
import { uniform } from '../../src/base/random.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec } from '../../src/gpu/kernel.js';

/** Reads x0, x1, ... and writes y. */
export const paperKernel: KernelSpec<{ reads: number }> = {
  name: 'paper',
  bindings: ({ reads }) => ({
    ...Object.fromEntries(Array.from({ length: reads }, (_, i) => [`x${i}`, 'read' as const])),
    y: 'read_write',
  }),
  params: {},
  shader: () => '',
  variants: [{ reads: 0 }],
};

/** A dispatch of the paper kernel. */
export function paper(label: string, inputs: readonly Tensor[], y: Tensor): Dispatch<Tensor> {
  const buffers = { ...Object.fromEntries(inputs.map((t, i) => [`x${i}`, t])), y };
  return dispatch(paperKernel, { reads: inputs.length }, label, buffers, {}, [1, 1, 1]);
}

/** Few geometries, two shapes to one of them, so that slots are wanted by many. */
const SHAPES = [[8], [1, 3, 4, 4], [1, 4, 4, 4], [1, 4, 8, 8], [2, 6]];

export interface RandomList {
  readonly dispatches: readonly Dispatch<Tensor>[];
  readonly keep: readonly Tensor[];
}

/**
 * A list of 1 to 40 dispatches: each reads up to three tensors made before it (or pinned, some of those constant)
 * and writes a new transient, at times an old transient again or a pinned tensor.
 */
export function randomList(seed: number): RandomList {
  let index = 0;
  const below = (count: number) => Math.floor(uniform(seed, index++) * count);
  const pinned = Array.from({ length: 4 }, (_, i) =>
    tensor(`p${i}`, SHAPES[below(SHAPES.length)]!, { lifetime: 'pinned', constant: i < 2 }),
  );
  const made: Tensor[] = [];
  const dispatches = Array.from({ length: 1 + below(40) }, (_, step) => {
    const sources = [...made.slice(-6), ...pinned, ...made.slice(0, 2)];
    const inputs = new Set(Array.from({ length: below(4) }, () => sources[below(sources.length)]!));
    const choice = below(10);
    const free = (list: readonly Tensor[]) => list.filter((t) => !inputs.has(t) && !t.constant);
    const again = choice === 0 ? free(made) : choice === 1 ? free(pinned) : [];
    const y =
      again.length > 0 ? again[below(again.length)]! : tensor(`t${step}`, SHAPES[below(SHAPES.length)]!);
    if (y.lifetime === 'transient' && !made.includes(y)) made.push(y);
    return paper(`d${step}`, [...inputs], y);
  });
  return { dispatches, keep: made.filter(() => below(5) === 0) };
}
