// Between pictures (interleaved pixels) and activations (channel blocks), with mean and standard deviation.
import { imageToTensor as imageToTensorShader } from '../../shaders/image_to_tensor.wgsl.js';
import { tensorToImage as tensorToImageShader } from '../../shaders/tensor_to_image.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { formatShape, nchw, type Shape, sizeOf } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import { type Dispatch, dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpContext, OpSpec } from './op.js';

/** One mean and one standard deviation per channel. */
export interface ImageAttrs {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const IMAGE_PARAMS = {
  H: 'u32',
  W: 'u32',
  mean0: 'f32',
  mean1: 'f32',
  mean2: 'f32',
  mean3: 'f32',
  scale0: 'f32',
  scale1: 'f32',
  scale2: 'f32',
  scale3: 'f32',
} as const;

/** Interleaved pixels [H,W,C] to an image tensor, normalised. */
export const imageToTensorKernel: KernelSpec<Record<string, never>> = {
  name: 'image_to_tensor',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: IMAGE_PARAMS,
  shader: imageToTensorShader,
  variants: [{}],
};

/** An image tensor to interleaved pixels [H,W,C], the normalisation undone. */
export const tensorToImageKernel: KernelSpec<Record<string, never>> = {
  name: 'tensor_to_image',
  bindings: () => ({ x: 'read', y: 'read_write' }),
  params: IMAGE_PARAMS,
  shader: tensorToImageShader,
  variants: [{}],
};

/** x [H,W,C], C in 1..4 -> y [1,C,H,W], y = (x - mean) / std. */
export const imageToTensor: OpSpec<ImageAttrs> = {
  name: 'image_to_tensor',
  inputs: ['x'],
  saves: [],
  output(shapes, attrs, where) {
    const place = `image_to_tensor at ${where}`;
    const [h, w, c] = shapes.x! as unknown as [number, number, number];
    if (shapes.x!.length !== 3)
      throw new ShapeError(`${place}: expected [H,W,C], got ${formatShape(shapes.x!)}`);
    checkChannels(place, shapes.x!, c, attrs);
    return { shape: [1, c, h, w], layout: 'image' };
  },
  forward: (t, { mean, std }, ctx) => [
    imageDispatch(
      imageToTensorKernel,
      `image_to_tensor:forward at ${ctx.where}`,
      ctx,
      t.x!,
      t.y!,
      mean,
      std.map(inverse),
    ),
  ],
  backward: {
    x: (t, { std }, ctx) => [
      imageDispatch(
        tensorToImageKernel,
        `image_to_tensor:backward:x at ${ctx.where}`,
        ctx,
        t.dy!,
        t.dx!,
        [],
        std.map(inverse),
      ),
    ],
  },
  cost: (shapes) => ({ flops: 2 * sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

/** x [1,C,H,W], C in 1..4 -> y [H,W,C], y = x * std + mean: the inverse of image_to_tensor; nothing is clamped. */
export const tensorToImage: OpSpec<ImageAttrs> = {
  name: 'tensor_to_image',
  inputs: ['x'],
  saves: [],
  output(shapes, attrs, where) {
    const place = `tensor_to_image at ${where}`;
    const [n, c, h, w] = nchw(place, shapes.x!);
    if (n !== 1) throw new ShapeError(`${place}: one picture at a time, got ${formatShape(shapes.x!)}`);
    checkChannels(place, shapes.x!, c, attrs);
    return { shape: [h, w, c], layout: 'flat' };
  },
  forward: (t, { mean, std }, ctx) => [
    imageDispatch(tensorToImageKernel, `tensor_to_image:forward at ${ctx.where}`, ctx, t.x!, t.y!, mean, std),
  ],
  backward: {
    x: (t, { std }, ctx) => [
      imageDispatch(
        imageToTensorKernel,
        `tensor_to_image:backward:x at ${ctx.where}`,
        ctx,
        t.dy!,
        t.dx!,
        [],
        std,
      ),
    ],
  },
  cost: (shapes) => ({ flops: 2 * sizeOf(shapes.x!), bytes: 8 * sizeOf(shapes.x!) }),
};

function checkChannels(place: string, x: Shape, channels: number, { mean, std }: ImageAttrs): void {
  if (channels > 4)
    throw new ShapeError(`${place}: a picture has 1 to 4 channels, got ${channels}; x ${formatShape(x)}`);
  if (mean.length !== channels || std.length !== channels) {
    throw new ShapeError(
      `${place}: ${channels} channels need as many means and stds, got ${mean.length} and ${std.length}; x ${formatShape(x)}`,
    );
  }
  if (!std.every((value) => Number.isFinite(value) && value !== 0)) {
    throw new ShapeError(`${place}: every std must be finite and not zero, got ${std.join(', ')}`);
  }
}

function inverse(value: number): number {
  return 1 / value;
}

/** One of the two kernels between a flat picture and an image tensor, whichever way round. */
function imageDispatch(
  kernel: KernelSpec<Record<string, never>>,
  label: string,
  ctx: OpContext,
  x: Tensor,
  y: Tensor,
  mean: readonly number[],
  scale: readonly number[],
): Dispatch<Tensor> {
  const [, , H, W] = nchw(label, x.layout === 'image' ? x.shape : y.shape);
  const params: Record<string, number> = { H, W };
  for (let c = 0; c < 4; c++) {
    params[`mean${c}`] = mean[c] ?? 0;
    params[`scale${c}`] = scale[c] ?? 0;
  }
  return dispatch(kernel, {}, label, { x, y }, params, imageGrid(label, ctx.target, W, H, 1));
}
