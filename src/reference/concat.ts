// CPU twins of concat, depth_concat and slice: copies, which round nothing.
import { type Arrays, type Bound, type NdArray, type ReferenceOp, zeros } from './array.js';

type Image = [number, number, number, number];

const imagesOf = (inputs: Arrays): [string, NdArray][] =>
  Object.entries(inputs).sort(([a], [b]) => a.localeCompare(b));

/** Extents of the result: channels added up, the largest height and width. */
function resultShape(inputs: Arrays): Image {
  const shapes = imagesOf(inputs).map(([, { shape }]) => shape as unknown as Image);
  return [
    shapes[0]![0],
    shapes.reduce((sum, [, c]) => sum + c, 0),
    Math.max(...shapes.map(([, , h]) => h)),
    Math.max(...shapes.map(([, , , w]) => w)),
  ];
}

/** Visits (index in the input `name`, index in y) of every value of that input. */
function forEachCopy(inputs: Arrays, name: string, visit: (ix: number, iy: number) => void): void {
  const [N, K, P, Q] = resultShape(inputs);
  let start = 0;
  for (const [other, { shape }] of imagesOf(inputs)) {
    const [, C, H, W] = shape as unknown as Image;
    if (other !== name) {
      start += C;
      continue;
    }
    const top = Math.floor((P - H) / 2);
    const left = Math.floor((Q - W) / 2);
    for (let n = 0; n < N; n++)
      for (let c = 0; c < C; c++)
        for (let h = 0; h < H; h++)
          for (let w = 0; w < W; w++)
            visit(((n * C + c) * H + h) * W + w, ((n * K + start + c) * P + top + h) * Q + left + w);
    return;
  }
}

function forward(inputs: Arrays): NdArray {
  const y = zeros(resultShape(inputs));
  for (const [name, x] of imagesOf(inputs))
    forEachCopy(inputs, name, (ix, iy) => {
      y.data[iy] = x.data[ix]!;
    });
  return y;
}

function backward(inputs: Arrays, name: string, dy: NdArray): NdArray {
  const dx = zeros(inputs[name]!.shape);
  forEachCopy(inputs, name, (ix, iy) => {
    dx.data[ix] = dy.data[iy]!;
  });
  return dx;
}

const exact = (shape: NdArray['shape']): Bound => ({ magnitude: zeros(shape), terms: 1 });

const NAMES = ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6'];

/** Serves both: where all maps are equal, depth_concat is concat. */
export const concatReference: ReferenceOp = {
  forward,
  backward: Object.fromEntries(
    NAMES.map((name) => [name, (inputs: Arrays, _y: NdArray, dy: NdArray) => backward(inputs, name, dy)]),
  ),
  forwardBound: (inputs) => exact(resultShape(inputs)),
  backwardBound: Object.fromEntries(
    NAMES.map((name) => [name, (inputs: Arrays) => exact(inputs[name]!.shape)]),
  ),
};

interface SliceAttrs {
  readonly begin: number;
  readonly channels: number;
}

/** Visits (index in x, index in y) of every value that is kept. */
function forEachKept(x: NdArray, { begin, channels }: SliceAttrs, visit: (ix: number, iy: number) => void) {
  const [N, C, H, W] = x.shape as unknown as Image;
  for (let n = 0; n < N; n++)
    for (let c = 0; c < channels; c++)
      for (let pixel = 0; pixel < H * W; pixel++)
        visit((n * C + begin + c) * H * W + pixel, (n * channels + c) * H * W + pixel);
}

const sliceShape = (x: NdArray, { channels }: SliceAttrs): number[] => [
  x.shape[0]!,
  channels,
  x.shape[2]!,
  x.shape[3]!,
];

export const sliceReference: ReferenceOp<SliceAttrs> = {
  forward({ x }, attrs) {
    const y = zeros(sliceShape(x!, attrs));
    forEachKept(x!, attrs, (ix, iy) => {
      y.data[iy] = x!.data[ix]!;
    });
    return y;
  },
  backward: {
    x({ x }, _y, dy, attrs) {
      const dx = zeros(x!.shape);
      forEachKept(x!, attrs, (ix, iy) => {
        dx.data[ix] = dy.data[iy]!;
      });
      return dx;
    },
  },
  forwardBound: ({ x }, attrs) => exact(sliceShape(x!, attrs)),
  backwardBound: { x: ({ x }) => exact(x!.shape) },
};
