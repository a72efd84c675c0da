// Channels put behind each other and cut out again; each is the other's gradient.
import { type ChannelWindowVariant, channelWindow } from '../../shaders/channel_window.wgsl.js';
import { type ConcatVariant, concatForward } from '../../shaders/concat_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { ceilDiv, formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Bindings, type Dispatch, dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpContext, OpSpec, Shapes, Tensors } from './op.js';

/** With y as many as the 8 storage buffers that every adapter can bind. */
const MOST_INPUTS = 7;

const NAMES = Array.from({ length: MOST_INPUTS }, (_, i) => `x${i}`);

/** Where each input ends among the channels, and its extents; 0 for inputs that are not there. */
const EXTENTS = Object.fromEntries(
  NAMES.flatMap((_, i) => [`end${i}`, `H${i}`, `W${i}`].map((name) => [name, 'u32' as const])),
);

/** Images one behind the other along the channels, centred in zeros. */
export const concatForwardKernel: KernelSpec<ConcatVariant> = {
  name: 'concat_forward',
  bindings: (v): Bindings => ({
    ...Object.fromEntries(NAMES.slice(0, v.inputs).map((name) => [name, 'read' as const])),
    y: 'read_write',
  }),
  params: { H: 'u32', W: 'u32', ...EXTENTS },
  shader: concatForward,
  variants: [2, 3, 4, 5, 6, 7].flatMap((inputs) => [
    { inputs, aligned: true },
    { inputs, aligned: false },
  ]),
};

/** A range of channels, or one among zeros. */
export const channelWindowKernel: KernelSpec<ChannelWindowVariant> = {
  name: 'channel_window',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: { C4: 'u32', H: 'u32', W: 'u32', K: 'u32', P: 'u32', Q: 'u32', begin: 'u32', before: 'u32' },
  shader: channelWindow,
  variants: [{ aligned: true }, { aligned: false }],
};

/**
 * y [N,sum C_i,H,W] = x0 [N,C_0,H,W], x1, ... (2 to 7 of them) one behind the other along the channels. Maps must be
 * equal; depthConcat takes unequal ones.
 */
export const concat: OpSpec<Record<string, never>> = {
  ...concatBase('concat'),
  output(shapes, _attrs, where) {
    const place = `concat at ${where}`;
    const y = concatShape(shapes, place);
    for (const [name, shape] of given(shapes)) {
      if (shape[2] !== y[2] || shape[3] !== y[3]) {
        throw new ShapeError(
          `${place}: maps must be equal, ${name} is ${formatShape(shape)}; ${list(shapes)}`,
        );
      }
    }
    return { shape: y, layout: 'image' };
  },
};

/**
 * concat of maps of unequal sizes: y has the largest height and the largest width, and a smaller map lies centred among
 * zeros, floor((H - H_i) / 2) rows and floor((W - W_i) / 2) columns from the top left, as Torch's nn.DepthConcat has it
 * (a rest of one pixel goes to the bottom and to the right).
 */
export const depthConcat: OpSpec<Record<string, never>> = {
  ...concatBase('depth_concat'),
  output: (shapes, _attrs, where) => ({
    shape: concatShape(shapes, `depth_concat at ${where}`),
    layout: 'image',
  }),
};

/** Which channels to cut out. */
export interface SliceAttrs {
  /** The first of them. */
  readonly begin: number;
  /** How many. */
  readonly channels: number;
}

/** y [N,channels,H,W] = the channels begin ... begin+channels-1 of x [N,C,H,W]. */
export const slice: OpSpec<SliceAttrs> = {
  name: 'slice',
  inputs: ['x'],
  saves: [],
  output(shapes, { begin, channels }, where) {
    const [n, c, h, w] = nchw(`slice at ${where}`, shapes.x!);
    const whole = Number.isInteger(begin) && Number.isInteger(channels);
    if (!whole || begin < 0 || channels < 1 || begin + channels > c) {
      throw new ShapeError(
        `slice at ${where}: channels ${begin} to ${begin + channels} must lie in 0 to ${c}, one at least; x ${formatShape(shapes.x!)}`,
      );
    }
    return { shape: [n, channels, h, w], layout: 'image' };
  },
  forward: (t, { begin }, ctx) => [
    windowDispatch(`slice:forward at ${ctx.where}`, ctx, t.x!, t.y!, { begin }),
  ],
  backward: {
    x: (t, { begin }, ctx) => [
      windowDispatch(`slice:backward:x at ${ctx.where}`, ctx, t.dy!, t.dx!, { before: begin }),
    ],
  },
  cost(shapes, { channels }) {
    const values = (sizeOf(shapes.x!) / shapes.x![1]!) * channels;
    return { flops: 0, bytes: 8 * values };
  },
};

/** All but the shapes, which is where concat and depth_concat differ. */
function concatBase(name: string): Omit<OpSpec<Record<string, never>>, 'output'> {
  return {
    name,
    inputs: NAMES,
    optional: NAMES.slice(2),
    // Only their shapes are asked, which say where an input begins.
    saves: NAMES,
    forward: (t, _attrs, ctx) => [concatDispatch(`${name}:forward at ${ctx.where}`, ctx, t)],
    backward: Object.fromEntries(
      NAMES.map((input) => [
        input,
        (t: Tensors, _attrs: Record<string, never>, ctx: OpContext) => [
          windowDispatch(`${name}:backward:${input} at ${ctx.where}`, ctx, t.dy!, t.dx!, {
            begin: channelsBefore(t, input),
          }),
        ],
      ]),
    ),
    cost: (shapes) => ({
      flops: 0,
      bytes: given(shapes).reduce((sum, [, shape]) => sum + 8 * sizeOf(shape), 0),
    }),
  };
}

/** The inputs that are there, in order. */
function given<T>(inputs: Readonly<Record<string, T>>): [string, T][] {
  return NAMES.flatMap((name) => (inputs[name] === undefined ? [] : [[name, inputs[name]] as [string, T]]));
}

const list = (shapes: Shapes) =>
  given(shapes)
    .map(([name, shape]) => `${name} ${formatShape(shape)}`)
    .join(', ');

/** Channels added up, the largest height and the largest width; ShapeError for unequal batches. */
function concatShape(shapes: Shapes, place: string): Shape {
  const images = given(shapes).map(([, shape]) => nchw(place, shape));
  const [first] = images;
  if (images.some(([n]) => n !== first![0]))
    throw new ShapeError(`${place}: all inputs must have one batch size; ${list(shapes)}`);
  return [
    first![0],
    images.reduce((sum, [, c]) => sum + c, 0),
    Math.max(...images.map(([, , h]) => h)),
    Math.max(...images.map(([, , , w]) => w)),
  ];
}

/** Channels of y before those of the input `name`. */
function channelsBefore(t: Tensors, name: string): number {
  const names = NAMES.slice(0, NAMES.indexOf(name));
  return names.reduce((sum, before) => sum + (t[before]?.shape[1] ?? 0), 0);
}

function concatDispatch(label: string, ctx: OpContext, t: Tensors): Dispatch<Tensor> {
  const inputs = given(t).map(([, x]) => x);
  const [n, c, H, W] = nchw(label, t.y!.shape);
  const params: Record<string, number> = { H, W };
  let end = 0;
  let aligned = true;
  for (const i of NAMES.keys()) {
    const [, channels, h, w] = inputs[i]?.shape ?? [0, 0, 0, 0];
    if (channels! > 0 && end % 4 !== 0) aligned = false;
    end += channels!;
    Object.assign(params, { [`end${i}`]: end, [`H${i}`]: h!, [`W${i}`]: w! });
  }
  const buffers: Record<string, Tensor> = { y: t.y! };
  for (const [i, x] of inputs.entries()) buffers[`x${i}`] = x;
  const grid = imageGrid(label, ctx.target, W, H, n * ceilDiv(c, 4));
  return dispatch(concatForwardKernel, { inputs: inputs.length, aligned }, label, buffers, params, grid);
}

/** y[c] = x[c + begin - before], zero where x has no such channel; from the middle of x where y is smaller. */
function windowDispatch(
  label: string,
  ctx: OpContext,
  x: Tensor,
  y: Tensor,
  { begin = 0, before = 0 }: { begin?: number; before?: number },
): Dispatch<Tensor> {
  const [n, c, H, W] = nchw(label, x.shape);
  const [, K, P, Q] = nchw(label, y.shape);
  return dispatch(
    channelWindowKernel,
    { aligned: (begin - before) % 4 === 0 },
    label,
    { x, y },
    { C4: ceilDiv(c, 4), H, W, K, P, Q, begin, before },
    imageGrid(label, ctx.target, Q, P, n * ceilDiv(K, 4)),
  );
}
