// CPU twins of image_to_tensor and tensor_to_image.
import { abs, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** [H,W,C] -> [1,C,H,W], each value mapped by its channel. */
function toPlanes(image: NdArray, value: (v: number, c: number) => number): NdArray {
  const [H, W, C] = image.shape as unknown as [number, number, number];
  const planes = zeros([1, C, H, W]);
  for (let pixel = 0; pixel < H * W; pixel++)
    for (let c = 0; c < C; c++) planes.data[c * H * W + pixel] = value(image.data[pixel * C + c]!, c);
  return planes;
}

/** [1,C,H,W] -> [H,W,C], each value mapped by its channel. */
function toPixels(planes: NdArray, value: (v: number, c: number) => number): NdArray {
  const [, C, H, W] = planes.shape as unknown as [number, number, number, number];
  const image = zeros([H, W, C]);
  for (let pixel = 0; pixel < H * W; pixel++)
    for (let c = 0; c < C; c++) image.data[pixel * C + c] = value(planes.data[c * H * W + pixel]!, c);
  return image;
}

export const imageToTensorReference: ReferenceOp<Attrs> = {
  forward: ({ x }, { mean, std }) => toPlanes(x!, (v, c) => (v - mean[c]!) / std[c]!),
  backward: { x: (_inputs, _y, dy, { std }) => toPixels(dy, (v, c) => v / std[c]!) },
  // Rounded: the mean, 1 / std, the difference and the product.
  forwardBound: ({ x }, { mean, std }) => ({
    magnitude: toPlanes(abs(x!), (v, c) => (v + Math.abs(mean[c]!)) / Math.abs(std[c]!)),
    terms: 4,
  }),
  backwardBound: {
    x: (_inputs, _y, dy, { std }) => ({
      magnitude: toPixels(abs(dy), (v, c) => v / Math.abs(std[c]!)),
      terms: 2,
    }),
  },
};

export const tensorToImageReference: ReferenceOp<Attrs> = {
  forward: ({ x }, { mean, std }) => toPixels(x!, (v, c) => v * std[c]! + mean[c]!),
  backward: { x: (_inputs, _y, dy, { std }) => toPlanes(dy, (v, c) => v * std[c]!) },
  forwardBound: ({ x }, { mean, std }) => ({
    magnitude: toPixels(abs(x!), (v, c) => v * Math.abs(std[c]!) + Math.abs(mean[c]!)),
    terms: 4,
  }),
  backwardBound: {
    x: (_inputs, _y, dy, { std }) => ({
      magnitude: toPlanes(abs(dy), (v, c) => v * Math.abs(std[c]!)),
      terms: 2,
    }),
  },
};
