// Sizes: photographs far larger than one binding, results that do not fit, scales that are left out.
import { beforeAll, describe, expect, it } from 'vitest';
import { findWeights } from '../../harness/node/weights.js';
import { InputError, OutOfMemoryError } from '../../src/base/errors.js';
import { rgbImage } from '../../src/base/image.js';
import { TensorStore } from '../../src/gpu/store.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/style/checkpoint.js';
import { checkInput, usableScales } from '../../src/style/input.js';
import { type PartialStyleOptions, resolveOptions } from '../../src/style/options.js';
import { resample } from '../../src/style/resample.js';
import { stylize } from '../../src/style/stylize.js';
import { useDevice } from '../kernels/shared.js';
import { contentPicture, stylePicture } from './shared.js';

const gpu = useDevice();
let weights: LoadedWeights;
beforeAll(async () => {
  weights = await findWeights('vgg19-slim', { env: {} });
});
const content = contentPicture();
const style = stylePicture();

describe('resample', () => {
  it('keeps a ramp that passes in several bands', async () => {
    const store = new TensorStore(gpu.device);
    // 5 M pixels: two bands of rows.
    const [w, h] = [2500, 2000];
    const ramp = Float32Array.from({ length: w * h }, (_, i) => (i % w) / w);
    const small = await resample(store, ramp, [1, 1, h, w], 20, 25);
    for (let y = 0; y < 20; y++)
      for (let x = 1; x < 24; x++) expect(Math.abs(small[y * 25 + x]! - (x + 0.5) / 25)).toBeLessThan(1e-3);
    // All rows are alike; only the rounding of the vertical weights tells them apart.
    for (let x = 0; x < 25; x++) {
      const column = Array.from({ length: 20 }, (_, y) => small[y * 25 + x]!);
      expect(Math.max(...column) - Math.min(...column)).toBeLessThan(1e-6);
    }
    store.destroy();
  });

  it('leaves a picture of the same size as it is, in a copy', async () => {
    const store = new TensorStore(gpu.device);
    const values = Float32Array.of(1, 2, 3, 4);
    const same = await resample(store, values, [1, 1, 2, 2], 2, 2);
    expect(same).toEqual(values);
    expect(same).not.toBe(values);
    store.destroy();
  });
});

it('takes a photograph of 12 megapixels to a small result', async () => {
  const photograph = rgbImage(4000, 3000);
  for (let i = 0; i < photograph.data.length; i++)
    photograph.data[i] = ((i % 12000) / 12000 + i / photograph.data.length) / 2;
  const options = { size: 64, firstSize: 64, iterations: 1 };
  const { image } = await stylize({ device: gpu.device, weights, content: photograph, style, options });
  expect([image.width, image.height]).toEqual([64, 48]);
  // One step of Adam moves a pixel by 0.02 at most.
  const expected = photograph.data[3 * (1500 * 4000 + 2000)]!;
  expect(Math.abs(image.data[3 * (24 * 64 + 32)]! - expected)).toBeLessThan(0.03);
});

describe('a size that does not fit', () => {
  const attempt = async (options: PartialStyleOptions, message: RegExp) => {
    let steps = 0;
    const failed = stylize(
      { device: gpu.device, weights, content, style, options: { firstSize: 64, iterations: 9, ...options } },
      { onStep: () => void steps++ },
    );
    await expect(failed).rejects.toThrow(OutOfMemoryError);
    await expect(failed).rejects.toThrow(message);
    expect(steps).toBe(0);
  };
  /** Side of a picture that takes `bytes` a pixel and does not fit one binding. */
  const beyond = (bytes: number) =>
    Math.min(16384, 2 * Math.ceil(Math.sqrt(gpu.device.target.maxBindingBytes / bytes)));

  it('is told before the first step, with what does', async () => {
    // conv1_1 of the slim net has 16 channels: 64 bytes a pixel.
    const size = beyond(64);
    await attempt({ size, tile: 'off' }, /choose --size \d+ or less, or leave out --tile off$/);
    await attempt({ size, styleLoss: 'w2' }, /choose --size \d+ or less, or --style-loss gram/);
  });

  it('in tiles neither: the picture itself is too large', async () => {
    const size = beyond(16);
    await attempt({ size }, /vgg19-slim at \d+x\d+ in tiles of \d+x\d+ needs .* choose --size \d+ or less$/);
  });

  it('in tiles neither: too little memory', async () => {
    await attempt(
      { size: 2048, memory: 256 },
      /at most 256\.0 MiB may be taken: .* or --memory \d+ if there is/,
    );
    await attempt({ size: 512, tile: 'off', memory: 64 }, /at most 64\.0 MiB may be taken/);
  });
});

it('leaves out scales that the net cannot take', () => {
  const o = resolveOptions({ size: 128, firstSize: 32 }, weights);
  const wide = usableScales({ content: contentPicture(160, 40), weights }, o);
  expect(wide).toEqual([{ width: 128, height: 32 }]);
  const square = usableScales({ content: contentPicture(64, 64), weights }, o);
  expect(square.map((s) => s.width)).toEqual([32, 45, 64, 91, 128]);
});

describe('checkpoints that are not what they say', () => {
  const run = (resume?: ReturnType<typeof decodeCheckpoint>) =>
    stylize({
      device: gpu.device,
      weights,
      content,
      style,
      options: { size: 48, firstSize: 48, iterations: 4 },
      ...(resume ? { resume } : {}),
    });

  it.each<[string, (facts: Record<string, unknown>) => unknown, RegExp]>([
    ['no options', (f) => delete f.options, /options: /],
    ['no identity', (f) => delete f.identity, /identity: /],
    ['a scale that is none', (f) => Object.assign(f, { scale: 7 }), /which its own options do not lead to/],
    ['too many steps', (f) => Object.assign(f, { stepInScale: 9 }), /which its own options do not lead to/],
    [
      'an unknown optimiser',
      (f) => Object.assign(f.options as object, { optimizer: 'sgd' }),
      /options\.optimizer/,
    ],
    [
      'an impossible size',
      (f) => Object.assign(f.options as object, { size: 99999 }),
      /size must be a whole number/,
    ],
    ['text for a step', (f) => Object.assign(f, { step: 'two' }), /step: /],
  ])('%s', async (_name, damage, message) => {
    const { checkpoint } = await run();
    const good = decodeCheckpoint(encodeCheckpoint(checkpoint), 'good');
    const facts = structuredClone({ ...good, image: undefined, state: undefined }) as Record<string, unknown>;
    damage(facts);
    const bytes = encodeCheckpoint({ ...facts, image: good.image, state: good.state } as never);
    const failed = (async () => run(decodeCheckpoint(bytes, 'bad.safetensors')))();
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(message);
  });

  it('another precision than the device', async () => {
    const { checkpoint } = await run();
    expect(checkpoint.precision).toBe('f32');
    const mixed = decodeCheckpoint(encodeCheckpoint({ ...checkpoint, precision: 'mixed' }), 'mixed');
    const failed = run(mixed);
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(
      'the checkpoint was made with precision mixed, this device computes with f32; open it with precision mixed to resume',
    );
    // Those of before it was told were all of one.
    const { precision: _precision, ...older } = checkpoint;
    expect(decodeCheckpoint(encodeCheckpoint(older as Checkpoint), 'older').precision).toBe('f32');
  });

  it('half an optimiser', async () => {
    const { checkpoint } = await run();
    const state = new Map(checkpoint.state);
    state.delete('m');
    await expect(run({ ...checkpoint, stepInScale: 4, state })).rejects.toThrow(
      /checkpoint's m must be .*missing/,
    );
  });
});

describe('regions that are too small for a layer', () => {
  /** Black but for a white square of `side` pixels. */
  const mask = (width: number, height: number, side: number) => {
    const image = rgbImage(width, height);
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) image.data.fill(1, 3 * (y * width + x), 3 * (y * width + x) + 3);
    return image;
  };
  const options = { size: 48, firstSize: 48, iterations: 1, styleLayers: { relu5_1: 1 } };
  const white = rgbImage(48, 40, new Float32Array(3 * 48 * 40).fill(1));
  const whiteStyle = rgbImage(40, 44, new Float32Array(3 * 40 * 44).fill(1));

  it('a style that has no part in a layer does not thin the others there', async () => {
    const run = async (styles: { image: typeof style; mask: typeof style }[]) => {
      const input = { device: gpu.device, weights, content, contentMask: white, style: styles, options };
      return (await stylize(input)).trace.series['style:relu5_1@#ffffff']![0]!;
    };
    const alone = await run([{ image: style, mask: whiteStyle }]);
    const withSpot = await run([
      { image: style, mask: whiteStyle },
      { image: stylePicture(40, 44, 9), mask: mask(40, 44, 4) },
    ]);
    expect(withSpot).toBe(alone);
  });

  it('are told when none is left', async () => {
    const input = { device: gpu.device, weights, content, contentMask: mask(48, 40, 4), options };
    const failed = stylize({ ...input, style: [{ image: style, mask: whiteStyle }] });
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow('no region is as large as one pixel of relu5_1');
  });
});

it('frees transformed filters with each scale', async () => {
  const sizes: number[] = [];
  const store = TensorStore.prototype.releaseDerived;
  TensorStore.prototype.releaseDerived = function (this: TensorStore) {
    store.call(this);
    sizes.push(this.bytes);
  };
  try {
    const options = { size: 128, firstSize: 45, iterations: 8 };
    await stylize({ device: gpu.device, weights, content, style, options });
  } finally {
    TensorStore.prototype.releaseDerived = store;
  }
  // After every scale only the net's weights are left.
  const afterScales = sizes.filter((_, i) => i % 2 === 1);
  expect(afterScales.length).toBeGreaterThan(2);
  expect(new Set(afterScales).size).toBe(1);
});

it('gives every scale a step', () => {
  const o = resolveOptions({ size: 512, firstSize: 64, iterations: 3 }, weights);
  expect(usableScales({ content: contentPicture(64, 64), weights }, o).map((s) => s.width)).toEqual([
    362, 512,
  ]);
});

it('refuses masks of another shape and a content mask alone', () => {
  const input = { weights, content, style: [{ image: style, mask: stylePicture(44, 40) }] };
  expect(() => checkInput({ ...input, contentMask: content })).toThrow(
    'mask of style 1 is 44x40; it must have the shape',
  );
  expect(() => checkInput({ weights, content, style, contentMask: content })).toThrow(
    'a content mask needs a style mask',
  );
});
