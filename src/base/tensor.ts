// Symbolic tensors: a name, a logical shape and a physical layout; no memory.
import type { Shape } from './shape.js';

/**
 * How a tensor lies in its buffer. Decided here and nowhere else (see layout.ts):
 * - `image`  [N,C,H,W] as [N][ceil(C/4)][H+2][W+2] vec4 over channels, one zero pixel all round;
 * - `filter` [K,C,R,S] as [R*S][4*ceil(C/4)][ceil(K/4)] vec4 over output channels;
 * - `flat`   any rank, row-major, last axis padded to a multiple of 4.
 * Padding lanes and the border hold zero at all times.
 */
export type Layout = 'image' | 'filter' | 'flat';

/**
 * - `pinned`: lives in a TensorStore, outside any program (weights, targets, the image, Adam's moments);
 * - `transient`: lives in a slot of one program, only while it is needed.
 */
export type Lifetime = 'pinned' | 'transient';

/** A name for values that will lie in some buffer; two tensors are the same only as objects. */
export interface Tensor {
  readonly id: number;
  readonly name: string;
  readonly shape: Shape;
  readonly layout: Layout;
  readonly lifetime: Lifetime;
  /** Pinned and never written by a program: what depends on constants alone is computed once. */
  readonly constant: boolean;
  /** Held in a texture and in no buffer: what was computed from constants and is only ever read so. */
  readonly texture: boolean;
}

let nextId = 1;

/**
 * A new symbolic tensor. Left out, the layout is `image` for rank 4 and `flat` for others, and the lifetime `transient`
 * (`pinned` for a constant).
 */
export function tensor(
  name: string,
  shape: Shape,
  options: { layout?: Layout; lifetime?: Lifetime; constant?: boolean; texture?: boolean } = {},
): Tensor {
  const layout = options.layout ?? (shape.length === 4 ? 'image' : 'flat');
  const constant = options.constant ?? false;
  const lifetime = options.lifetime ?? (constant ? 'pinned' : 'transient');
  return { id: nextId++, name, shape, layout, lifetime, constant, texture: options.texture ?? false };
}
