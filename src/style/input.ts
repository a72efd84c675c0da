// What a run is made from, and everything that can be known of it without a GPU.
import { InputError } from '../base/errors.js';
import { type RgbImage, toPlanar } from '../base/image.js';
import type { Device } from '../gpu/device.js';
import type { LoadedWeights } from '../nets/manifest.js';
import { vggMinimumSide } from '../nets/vgg.js';
import type { Checkpoint, RunIdentity } from './checkpoint.js';
import { matchColors } from './color.js';
import {
  activeTaps,
  checkOptions,
  fitLongSide,
  type PartialStyleOptions,
  resolveOptions,
  type StyleOptions,
  scaleSizes,
  scaleSteps,
} from './options.js';
import { type Region, splitRegions } from './regions.js';
import type { Planar } from './targets.js';

/** One style picture; several are blended by weight. */
export interface StyleSource {
  readonly image: RgbImage;
  /** Share relative to the other styles; 1 unless said. */
  readonly weight?: number;
  /** Colours name regions; see `StylizeInput.contentMask`. */
  readonly mask?: RgbImage;
}

/** Everything that `stylize` takes; pictures are RGB in 0..1. */
export interface StylizeInput {
  readonly device: Device;
  readonly weights: LoadedWeights;
  readonly content: RgbImage;
  /** One style picture, or several to be blended. */
  readonly style: RgbImage | readonly StyleSource[];
  /** Regions of this colour take their style from regions of the same colour in the styles' masks. */
  readonly contentMask?: RgbImage;
  /** Starting picture for `init: 'image'`. */
  readonly initImage?: RgbImage;
  readonly options?: PartialStyleOptions;
  /** Goes on from here, bit-exactly. */
  readonly resume?: Checkpoint;
}

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A style as the run wants it: colours matched, planar, its mask split. */
export interface PreparedStyle extends Planar {
  readonly share: number;
  readonly regions: readonly Region[] | undefined;
  readonly maskSize: Size | undefined;
}

/** Pictures and options of a run, checked and brought to their sizes. */
export interface CheckedInput {
  readonly options: StyleOptions;
  readonly sizes: readonly Size[];
  readonly styles: readonly PreparedStyle[];
  /** Of the content mask. */
  readonly regions: readonly Region[] | undefined;
}

/** The shape of a mask or starting picture may differ from its picture's by this share: rounding when both were resized. */
const ASPECT_TOLERANCE = 0.03;

/** Completes and checks options and pictures; InputError says what cannot be used and why. */
export function checkInput(input: Omit<StylizeInput, 'device'>): CheckedInput {
  const { resume, weights, contentMask, content } = input;
  const options = resume?.options ?? resolveOptions(input.options ?? {}, weights);
  if (resume) checkOptions(options, weights.net);
  const sizes = usableScales(input, options);
  const styles = preparedStyles(input, options);
  const regions = contentMask ? splitRegions(contentMask, 'content mask') : undefined;
  if (contentMask) checkAspect('content mask', contentMask, content);
  if (input.initImage) checkAspect('init picture', input.initImage, content);
  return { options, sizes, styles, regions };
}

/** Extents of a style picture for a result of `size`: at least what the net needs. */
export function styleSize(
  style: Size,
  size: Size,
  weights: Pick<LoadedWeights, 'net'>,
  o: StyleOptions,
): Size {
  const least = vggMinimumSide(weights.net, activeTaps(o));
  const longSide = Math.max(1, Math.round(Math.max(size.width, size.height) * o.styleScale));
  const fitted = fitLongSide(style.width, style.height, longSide);
  return { width: Math.max(least, fitted.width), height: Math.max(least, fitted.height) };
}

/** Extents of every scale, the small ones that the net cannot take left out. */
export function usableScales(input: Pick<StylizeInput, 'content' | 'weights'>, o: StyleOptions): Size[] {
  const { width, height } = input.content;
  const { net } = input.weights;
  const taps = activeTaps(o);
  const least = vggMinimumSide(net, taps);
  const all = scaleSizes(o).map((side) => fitLongSide(width, height, side));
  // Below two pixels of the deepest layer a scale has no structure to find.
  const usable = all.filter((size) => Math.min(size.width, size.height) >= 2 * least);
  // Every scale gets a step at least.
  if (usable.length > 0) return usable.slice(-Math.max(1, o.iterations - 1));
  const last = all.at(-1)!;
  if (Math.min(last.width, last.height) >= least) return [last];
  throw new InputError(
    `a ${width}x${height} content picture becomes ${last.width}x${last.height} at size ${o.size}; ` +
      `${net} needs at least ${least} pixels on each side for the layers that are compared`,
    {
      fact: {
        code: 'content-small',
        values: { width: last.width, height: last.height, size: o.size, least },
      },
    },
  );
}

/** Throws InputError where a checkpoint's place in the run is none that its options lead to. */
export function checkPlace(checkpoint: Checkpoint, { sizes, options }: CheckedInput): void {
  const { scale, width, height, stepInScale, step } = checkpoint;
  const size = sizes[scale];
  const steps = scaleSteps(options.iterations, sizes.length);
  const before = steps.slice(0, scale).reduce((sum, count) => sum + count, 0);
  const fits = size && size.width === width && size.height === height;
  if (!fits || stepInScale > steps[scale]! || step !== before + stepInScale) {
    throw new InputError(
      `the checkpoint is at step ${step} (${stepInScale} of scale ${scale + 1}, ${width}x${height}), which its own options do not lead to`,
    );
  }
}

function preparedStyles(input: Omit<StylizeInput, 'device'>, o: StyleOptions): PreparedStyle[] {
  const sources = styleSources(input);
  if (sources.length === 0) throw new InputError('give at least one style picture');
  const masked = sources.some((source) => source.mask);
  if (masked && !input.contentMask) throw missingMask('a style mask needs a content mask');
  if (input.contentMask && !masked)
    throw missingMask('a content mask needs a style mask: which style goes where?');
  if (masked && o.styleLoss === 'w2')
    throw new InputError('masks need the style loss gram; w2 has no regions', {
      fact: { code: 'masks-w2', values: {} },
    });
  if (o.init === 'image' && !input.initImage && !input.resume) {
    throw new InputError('init image needs a picture to start from', {
      fact: { code: 'init-missing', values: {} },
    });
  }
  return sources.map(({ image, weight = 1, mask }, i) => {
    if (!(weight > 0 && Number.isFinite(weight))) {
      throw new InputError(`weight of style ${i + 1} must be a positive number, got ${weight}`);
    }
    if (mask) checkAspect('mask of style', mask, image, i + 1);
    const matched = o.color.startsWith('match-')
      ? matchColors(image, input.content, o.color === 'match-histogram' ? 'histogram' : 'mean-covariance')
      : image;
    return {
      values: toPlanar(matched),
      width: image.width,
      height: image.height,
      share: weight,
      regions: mask ? splitRegions(mask, `mask of style ${i + 1}`) : undefined,
      maskSize: mask ? { width: mask.width, height: mask.height } : undefined,
    };
  });
}

function missingMask(message: string): InputError {
  return new InputError(message, { fact: { code: 'masks-missing', values: {} } });
}

function checkAspect(name: string, mask: Size, picture: Size, number?: number): void {
  const ratio = mask.width / mask.height / (picture.width / picture.height);
  if (Math.abs(Math.log(ratio)) > ASPECT_TOLERANCE) {
    throw new InputError(
      `${name}${number === undefined ? '' : ` ${number}`} is ${mask.width}x${mask.height}; it must have the shape of the picture it is for (${picture.width}x${picture.height})`,
      {
        fact: {
          code: 'mask-shape',
          values: { name, width: mask.width, height: mask.height, of: `${picture.width}x${picture.height}` },
        },
      },
    );
  }
}

function styleSources(input: Pick<StylizeInput, 'style'>): readonly StyleSource[] {
  return 'data' in input.style ? [{ image: input.style }] : input.style;
}

/** Hashes what a run is made from, so that a checkpoint is not continued with something else. */
export async function identify(input: Omit<StylizeInput, 'device'>): Promise<RunIdentity> {
  const parts: string[] = [];
  const add = async (image: RgbImage | undefined): Promise<void> => {
    parts.push(image ? `${image.width}x${image.height}` : '-');
    if (!image) return;
    parts.push(await sha256(bytesOf(image.data)));
    if (image.alpha) parts.push(await sha256(bytesOf(image.alpha)));
  };
  await add(input.content);
  await add(input.contentMask);
  for (const source of styleSources(input)) {
    await add(source.image);
    await add(source.mask);
    parts.push(String(source.weight ?? 1));
  }
  const inputs = await sha256(new TextEncoder().encode(parts.join('|')));
  return { net: input.weights.net, weights: input.weights.sha256, inputs };
}

function bytesOf(values: Float32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
