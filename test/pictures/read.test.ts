import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_PIXELS, readPicture } from '../../harness/node/pictures.js';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { hash32 } from '../../src/base/random.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-read-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Rgb = readonly [number, number, number];
const RED: Rgb = [220, 30, 40];
const GREEN: Rgb = [40, 190, 60];
const BLUE: Rgb = [30, 60, 200];
const WHITE: Rgb = [240, 240, 235];

/** 48x32 with a colour per quarter: red, green / blue, white. */
function quarters(): Sharp {
  const data = new Uint8Array(48 * 32 * 3);
  for (let y = 0; y < 32; y++) {
    for (let x = 0; x < 48; x++) {
      data.set(y < 16 ? (x < 24 ? RED : GREEN) : x < 24 ? BLUE : WHITE, 3 * (48 * y + x));
    }
  }
  return sharp(data, { raw: { width: 48, height: 32, channels: 3 } });
}

function at(image: RgbImage, fx: number, fy: number): number[] {
  const p = Math.floor(fy * image.height) * image.width + Math.floor(fx * image.width);
  return [...image.data.subarray(3 * p, 3 * p + 3)].map((v) => v * 255);
}

function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number) {
  const worst = Math.max(...expected.map((e, i) => Math.abs(e - actual[i]!)));
  expect(worst, `${actual} against ${expected}`).toBeLessThanOrEqual(tolerance);
}

/** Bytes that look random but are the same on every run. */
function noise(length: number, top: number): number[] {
  return Array.from({ length }, (_, i) => hash32(7, i) % (top + 1));
}

describe('readPicture', () => {
  // Where the stored corners (top left, top right, bottom left, bottom right) go, by the EXIF specification.
  it.each([
    [1, [RED, GREEN, BLUE, WHITE]],
    [2, [GREEN, RED, WHITE, BLUE]],
    [3, [WHITE, BLUE, GREEN, RED]],
    [4, [BLUE, WHITE, RED, GREEN]],
    [5, [RED, BLUE, GREEN, WHITE]],
    [6, [BLUE, RED, WHITE, GREEN]],
    [7, [WHITE, GREEN, BLUE, RED]],
    [8, [GREEN, WHITE, RED, BLUE]],
  ] as const)('turns EXIF orientation %i upright', async (orientation, corners) => {
    const bytes = await quarters().withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
    const image = await readPicture(bytes);
    expect([image.width, image.height]).toEqual(orientation < 5 ? [48, 32] : [32, 48]);
    const places = [
      [0.2, 0.2],
      [0.8, 0.2],
      [0.2, 0.8],
      [0.8, 0.8],
    ] as const;
    places.forEach(([x, y], i) => {
      expectNear(at(image, x, y), corners[i]!, 3);
    });
  });

  it('keeps the 16 bits of PNG and TIFF', async () => {
    const values = noise(20 * 18 * 3, 65535);
    const raw = sharp(Uint16Array.from(values), { raw: { width: 20, height: 18, channels: 3 } });
    for (const bytes of [
      await raw.clone().toColourspace('rgb16').png().toBuffer(),
      await raw.clone().toColourspace('rgb16').tiff({ compression: 'none' }).toBuffer(),
    ]) {
      const image = await readPicture(bytes);
      expect(Array.from(image.data, (v) => Math.round(v * 65535))).toEqual(values);
    }
  });

  it('converts an embedded Display P3 profile to sRGB, in 8 and in 16 bits', async () => {
    // Display P3 (SMPTE EG 432-1 primaries, D65, sRGB curve) -> sRGB, matrices by the usual derivation.
    const matrix = [
      [1.22494018, -0.22494018, 0],
      [-0.04205695, 1.04205695, 0],
      [-0.01963755, -0.07863605, 1.0982736],
    ];
    const decode = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const encode = (v: number) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
    const stored = [0.6, 0.45, 0.35];
    const linear = stored.map(decode);
    const expected = matrix.map((row) => 255 * encode(row.reduce((sum, m, i) => sum + m * linear[i]!, 0)));
    // P3-tagged files are made from untagged 16-bit values, which sharp takes for P3, and from sRGB values.
    const deep = Uint16Array.from({ length: 16 * 16 * 3 }, (_, i) => Math.round(stored[i % 3]! * 65535));
    const png16 = await sharp(deep, { raw: { width: 16, height: 16, channels: 3 } })
      .toColourspace('rgb16')
      .withIccProfile('p3')
      .png()
      .toBuffer();
    expectNear(at(await readPicture(png16), 0.5, 0.5), expected, 0.2);
    const shallow = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => Math.round(expected[i % 3]!));
    const png8 = await sharp(shallow, { raw: { width: 16, height: 16, channels: 3 } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const untouched = await sharp(png8, { ignoreIcc: true }).raw().toBuffer();
    expectNear(
      [...untouched.subarray(0, 3)],
      stored.map((v) => v * 255),
      1.5,
    );
    expectNear(at(await readPicture(png8), 0.5, 0.5), expected, 1.5);
  });

  it('converts CMYK to sRGB', async () => {
    const cmyk = await quarters()
      .toColourspace('cmyk')
      .withIccProfile('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const image = await readPicture(cmyk);
    // Paper holds less colour than a screen: red stays the red quarter and white stays white.
    expectNear(at(image, 0.8, 0.8), WHITE, 12);
    expectNear(at(image, 0.2, 0.2), RED, 25);
  });

  it('spreads grey over three channels, in 8 and 16 bits, with alpha', async () => {
    const grey = Uint16Array.from({ length: 16 * 16 }, (_, i) => i * 257);
    const deep = await sharp(grey, { raw: { width: 16, height: 16, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    const image = await readPicture(deep);
    expect(Array.from(image.data, (v) => Math.round(v * 65535))).toEqual([...grey].flatMap((v) => [v, v, v]));
    expect(image.alpha).toBeUndefined();

    const pairs = Uint8Array.from({ length: 16 * 16 * 2 }, (_, i) => (i % 2 ? 255 - (i >> 1) : i >> 1));
    const shallow = await sharp(pairs, { raw: { width: 16, height: 16, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(shallow).metadata()).channels).toBe(2);
    const both = await readPicture(shallow);
    expect(Array.from(both.data, (v) => Math.round(v * 255))).toEqual(
      Array.from({ length: 768 }, (_, i) => Math.floor(i / 3)),
    );
    expect(Array.from(both.alpha!, (v) => Math.round(v * 255))).toEqual(
      Array.from({ length: 256 }, (_, i) => 255 - i),
    );
  });

  it('keeps alpha apart, in 8 and 16 bits, the colours not multiplied by it', async () => {
    for (const [top, values] of [
      [255, Uint8Array.from(noise(16 * 16 * 4, 255))],
      [65535, Uint16Array.from(noise(16 * 16 * 4, 65535))],
    ] as const) {
      const raw = sharp(values, { raw: { width: 16, height: 16, channels: 4 } });
      const bytes = await raw
        .toColourspace(top === 255 ? 'srgb' : 'rgb16')
        .png()
        .toBuffer();
      const { data, alpha } = await readPicture(bytes);
      const again = Array.from(values, (_, i) =>
        Math.round(top * (i % 4 === 3 ? alpha![i >> 2]! : data[3 * (i >> 2) + (i % 4)]!)),
      );
      expect(again).toEqual(Array.from(values));
    }
  });

  it('reads WebP and AVIF', async () => {
    for (const bytes of [
      await quarters().webp({ lossless: true }).toBuffer(),
      await quarters().avif({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
    ]) {
      const image = await readPicture(bytes);
      expectNear(at(image, 0.2, 0.2), RED, 4);
      expectNear(at(image, 0.8, 0.8), WHITE, 4);
    }
  });

  it('reads the white of a 10-bit AVIF as white', async () => {
    const white = sharp({ create: { width: 32, height: 32, channels: 3, background: '#ffffff' } });
    // From 16 bits: sharp widens 8 bits to 10 by a shift, which makes 1020 of 255 and no white.
    const bytes = await white.toColourspace('rgb16').avif({ bitdepth: 10, lossless: true }).toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    const image = await readPicture(bytes);
    expectNear(at(image, 0.5, 0.5), [255, 255, 255], 0.01);
  });

  it('takes the first frame of an animation and says so', async () => {
    const frames = [RED, BLUE].map(([r, g, b]) =>
      sharp({ create: { width: 20, height: 20, channels: 3, background: { r, g, b } } })
        .png()
        .toBuffer(),
    );
    const gif = await sharp(await Promise.all(frames), { join: { animated: true } })
      .gif()
      .toBuffer();
    const path = join(folder, 'two.gif');
    await writeFile(path, gif);
    const notes: string[] = [];
    const image = await readPicture(path, { where: 'style', note: (line) => notes.push(line) });
    expect(image.height).toBe(20);
    expectNear(at(image, 0.5, 0.5), RED, 3);
    expect(notes).toEqual([`style ${path}: has 2 frames; only the first is used`]);
  });
});

describe('readPicture refuses, in one line', () => {
  const plain = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
  const textured = () =>
    sharp(Uint8Array.from(noise(64 * 64 * 3, 255)), { raw: { width: 64, height: 64, channels: 3 } });

  it.each<[string, string, () => Promise<Uint8Array | string>, RegExp]>([
    ['an empty file', 'empty.png', async () => '', /empty\.png: the file is empty \(0 bytes\)/],
    [
      'text named .jpg',
      'text.jpg',
      async () => 'not a picture',
      /is not a picture that can be read \(JPEG, PNG/,
    ],
    ['1x1', 'dot.png', () => plain(1, 1), /at least 16 px, got 1x1$/],
    ['15 rows', 'thin.png', () => plain(40, 15), /at least 16 px, got 40x15$/],
    ['a side of 30000', 'long.png', () => plain(30000, 16), /at most 16384 px, got 30000x16$/],
    [
      'a half JPEG',
      'half.jpg',
      async () => {
        const all = await textured().jpeg().toBuffer();
        return all.subarray(0, all.length / 2);
      },
      /half\.jpg: is damaged or cut short: /,
    ],
    [
      'a half PNG',
      'half.png',
      async () => {
        const all = await textured().png().toBuffer();
        return all.subarray(0, all.length / 2);
      },
      /half\.png: is damaged or cut short: /,
    ],
    [
      'an SVG',
      'drawing.svg',
      async () => '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"/>',
      /must be one of .*got svg$/,
    ],
  ])('%s', async (_, name, make, message) => {
    const path = join(folder, name);
    await writeFile(path, await make());
    const failure: unknown = await readPicture(path, { where: 'content' }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message).toMatch(/^content [^\n]+$/);
  });

  it('too many pixels, before decoding', async () => {
    // A header alone is enough to be refused by: 12000x9000 at 8 bits, no pixel data.
    const small = await plain(16, 16);
    const header = Buffer.from(small);
    header.writeUInt32BE(12000, 16);
    header.writeUInt32BE(9000, 20);
    const { crc32 } = await import('node:zlib');
    header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
    expect(12000 * 9000).toBeGreaterThan(MAX_PIXELS);
    await expect(readPicture(header)).rejects.toThrow(/at most 100 megapixels, got 12000x9000 = 108\.0/);
  });

  it('a missing file and a folder', async () => {
    await expect(readPicture(join(folder, 'none.png'))).rejects.toThrow(/none\.png: does not exist$/);
    await expect(readPicture(folder)).rejects.toThrow(/: is a folder$/);
  });
});
