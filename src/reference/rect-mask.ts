// CPU twin of rect_mask.
import { map, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

function apply(array: NdArray, { top, left, bottom, right }: Attrs): NdArray {
  const [, , H, W] = array.shape as unknown as [number, number, number, number];
  return map(array, (value, i) => {
    const h = Math.floor(i / W) % H;
    const w = i % W;
    return h >= top && h < bottom && w >= left && w < right ? value : 0;
  });
}

// Copies in both directions: exact.
export const rectMaskReference: ReferenceOp<Attrs> = {
  forward: ({ x }, attrs) => apply(x!, attrs),
  backward: { x: (_inputs, _y, dy, attrs) => apply(dy, attrs) },
  forwardBound: ({ x }) => ({ magnitude: zeros(x!.shape), terms: 1 }),
  backwardBound: { x: ({ x }) => ({ magnitude: zeros(x!.shape), terms: 1 }) },
};
