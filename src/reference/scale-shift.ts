// CPU twin of scale_shift.
import { type Arrays, abs, absAll, map, type NdArray, type ReferenceOp } from './array.js';

/** `array` [N,C,H,W], each value times scale[c] plus shift[c]. */
function apply(array: NdArray, scale: NdArray, shift?: NdArray): NdArray {
  const [, C, H, W] = array.shape as unknown as [number, number, number, number];
  return map(array, (value, i) => {
    const c = Math.floor(i / (H * W)) % C;
    return value * scale.data[c]! + (shift ? shift.data[c]! : 0);
  });
}

const forward = ({ x, scale, shift }: Arrays) => apply(x!, scale!, shift!);

export const scaleShiftReference: ReferenceOp = {
  forward,
  backward: { x: ({ scale }, _y, dy) => apply(dy, scale!) },
  forwardBound: (inputs) => ({ magnitude: forward(absAll(inputs)), terms: 2 }),
  backwardBound: { x: ({ scale }, _y, dy) => ({ magnitude: apply(abs(dy), abs(scale!)), terms: 1 }) },
};
