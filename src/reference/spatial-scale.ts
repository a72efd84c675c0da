// CPU twin of spatial_scale.
import { type Arrays, abs, absAll, map, type NdArray, type ReferenceOp } from './array.js';

function apply(array: NdArray, mask: NdArray): NdArray {
  const [, C, H, W] = array.shape as unknown as [number, number, number, number];
  const masks = mask.shape[0]!;
  return map(array, (value, i) => {
    const n = Math.floor(i / (C * H * W));
    return value * mask.data[(n % masks) * H * W + (i % (H * W))]!;
  });
}

const forward = ({ x, mask }: Arrays) => apply(x!, mask!);

export const spatialScaleReference: ReferenceOp = {
  forward,
  backward: { x: ({ mask }, _y, dy) => apply(dy, mask!) },
  forwardBound: (inputs) => ({ magnitude: forward(absAll(inputs)), terms: 1 }),
  backwardBound: { x: ({ mask }, _y, dy) => ({ magnitude: apply(abs(dy), abs(mask!)), terms: 1 }) },
};
