// The tiny face detector of face-api (MIT, V. Mühler and V. Mandic): a YOLOv2 (Redmon and Farhadi, "YOLO9000", CVPR
// 2017) of separable convolutions with one class and five anchors.
import type { Tensor } from '../base/tensor.js';
import type { Tape } from '../graph/tape.js';
import { leakyRelu } from '../kernels/activation.js';
import { conv2d } from '../kernels/conv2d.js';
import { pad2d } from '../kernels/pad2d.js';
import { maxPool2d } from '../kernels/pool2d.js';
import { normalised, separableConv } from './layers.js';
import type { PinnedWeights } from './pinned-weights.js';

const MEAN_RGB = [117.001, 114.697, 97.404] as const;
const SLOPE = 0.1;

/** Width and height of the anchors, in cells. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;

/** Values per anchor: centre, size, score. */
const CODE = 5;

/** Pixels per cell: input sides are multiples of it. */
export const DETECTOR_CELL = 32;

/** A face: left, top, width and height as shares of the input's side; the score is in 0..1. */
export interface FaceBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly score: number;
}

/** x [N,3,S,S], RGB in 0..1, S a multiple of 32 -> [N,25,S/32,S/32]: five anchors of x, y, w, h and score as logits. */
export function tinyFaceDetector(tape: Tape, weights: PinnedWeights, x: Tensor): Tensor {
  const pooled = (where: string, y: Tensor) =>
    tape.record(maxPool2d, where, { x: y }, { window: 2, stride: 2, pad: 0, ceilMode: true });
  const leaky = (where: string, y: Tensor) => tape.record(leakyRelu, where, { x: y }, { slope: SLOPE });

  const first = {
    weight: weights.get('conv0/filters', [16, 3, 3, 3]),
    bias: weights.get('conv0/bias', [16]),
  };
  const input = normalised(tape, weights, x, MEAN_RGB);
  let y = tape.record(conv2d, 'conv0', { x: input, ...first }, { stride: 1, pad: 0 });
  y = pooled('pool0', leaky('leaky0', y));
  for (const i of [1, 2, 3, 4, 5]) {
    y = leaky(`leaky${i}`, separableConv(tape, weights, `conv${i}`, y, { stride: 1, relu: false }));
    if (i < 5) y = pooled(`pool${i}`, y);
  }
  // The maximum over windows that hang over the edge: an edge pixel twice changes nothing.
  y = tape.record(pad2d, 'edge', { x: y }, { top: 0, left: 0, bottom: 1, right: 1, mode: 'replicate' });
  y = tape.record(maxPool2d, 'pool5', { x: y }, { window: 2, stride: 1, pad: 0 });
  const last = {
    weight: weights.get('conv8/filters', [25, 512, 1, 1]),
    bias: weights.get('conv8/bias', [25]),
  };
  return tape.record(conv2d, 'conv8', { x: y, ...last }, { stride: 1, pad: 0 });
}

/** The boxes that one picture's output [25,G,G] codes, with a score above `threshold`; overlapping ones included. */
export function decodeFaceBoxes(output: Float32Array, cells: number, threshold: number): FaceBox[] {
  const plane = cells * cells;
  const boxes: FaceBox[] = [];
  for (let cell = 0; cell < plane; cell++) {
    for (const [a, [anchorWidth, anchorHeight]] of ANCHORS.entries()) {
      const code = (i: number) => output[(a * CODE + i) * plane + cell]!;
      const score = logistic(code(4));
      if (score <= threshold) continue;
      const width = (Math.exp(code(2)) * anchorWidth) / cells;
      const height = (Math.exp(code(3)) * anchorHeight) / cells;
      const x = ((cell % cells) + logistic(code(0))) / cells - width / 2;
      const y = (Math.floor(cell / cells) + logistic(code(1))) / cells - height / 2;
      boxes.push({ x, y, width, height, score });
    }
  }
  return boxes;
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
