import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkWritable, writeAtomically } from '../../harness/node/overwrite.js';
import { checkPicturePath, readPicture, writePicture } from '../../harness/node/pictures.js';
import { FacetError, InputError } from '../../src/base/errors.js';
import { fromPlanar, rgbImage, toPlanar } from '../../src/base/image.js';
import { hash32 } from '../../src/base/random.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-write-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** 40x24 of values that are whole steps of `top`. */
function steps(top: number, withAlpha = false) {
  const value = (seed: number) => (_: unknown, i: number) => (hash32(seed, i) % (top + 1)) / top;
  return rgbImage(
    40,
    24,
    Float32Array.from({ length: 40 * 24 * 3 }, value(3)),
    withAlpha ? Float32Array.from({ length: 40 * 24 }, value(4)) : undefined,
  );
}

describe('writePicture', () => {
  it.each([
    ['a.png', 8, 255],
    ['a.png', 16, 65535],
    ['a.tif', 8, 255],
    ['a.tiff', 16, 65535],
  ] as const)('%s with %i bits and alpha comes back to the bit, tagged sRGB', async (name, bits, top) => {
    for (const withAlpha of [false, true]) {
      const image = steps(top, withAlpha);
      const path = join(folder, name);
      await writePicture(path, image, { bits, force: true });
      const metadata = await sharp(path).metadata();
      expect(metadata.depth).toBe(bits === 8 ? 'uchar' : 'ushort');
      expect(
        metadata.icc?.includes('sRGB') || metadata.icc?.includes(Buffer.from('sRGB', 'utf16le').swap16()),
      ).toBe(true);
      const again = await readPicture(path);
      expect(again.data).toEqual(image.data);
      expect(again.alpha).toEqual(image.alpha);
    }
  });

  it('reads every one of the 256 greys of an 8-bit file as itself', async () => {
    const image = rgbImage(
      16,
      16,
      Float32Array.from({ length: 768 }, (_, i) => Math.floor(i / 3) / 255),
    );
    await writePicture(join(folder, 'g.png'), image);
    expect((await readPicture(join(folder, 'g.png'))).data).toEqual(image.data);
  });

  it('rounds to the nearest step and clamps', async () => {
    const data = new Float32Array(768);
    data.set([0.4 / 255, 0.6 / 255, 254.6 / 255, -1, 2, 0.5]);
    await writePicture(join(folder, 'r.png'), rgbImage(16, 16, data));
    const bytes = await sharp(join(folder, 'r.png'), { ignoreIcc: true }).raw().toBuffer();
    expect([...bytes.subarray(0, 6)]).toEqual([0, 1, 255, 0, 255, 128]);
  });

  it('writes JPEG at 4:4:4 without alpha, and says so, and WebP with it', async () => {
    const image = steps(255, true);
    const notes: string[] = [];
    const jpeg = join(folder, 'a.JPG');
    await writePicture(jpeg, image, { note: (line) => notes.push(line) });
    expect(notes).toEqual([`${jpeg}: JPEG holds no transparency; it is dropped`]);
    const metadata = await sharp(jpeg).metadata();
    expect([metadata.format, metadata.chromaSubsampling, metadata.hasAlpha]).toEqual([
      'jpeg',
      '4:4:4',
      false,
    ]);
    const webp = join(folder, 'a.webp');
    await writePicture(webp, image);
    expect((await readPicture(webp)).alpha).toEqual(image.alpha);
  });

  it('refuses NaN and leaves no file', async () => {
    const image = rgbImage(16, 16, new Float32Array(768).fill(Number.NaN));
    await expect(writePicture(join(folder, 'n.png'), image)).rejects.toThrow(FacetError);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a.bmp', {}, /must end in one of \.png .*got "\.bmp"$/],
    ['noname', {}, /got ""$/],
    ['a.jpg', { bits: 16 }, /16 bits per channel need \.png or \.tiff/],
    ['a.jpg', { quality: 0 }, /quality must be from 1 to 100, got 0$/],
    ['a.jpg', { quality: Number.NaN }, /got NaN$/],
    ['none/a.png', {}, /the folder .* does not exist$/],
  ] as const)('refuses %s with %o', async (name, options, message) => {
    const path = join(folder, name);
    await expect(checkPicturePath(path, options)).rejects.toThrow(message);
    await expect(writePicture(path, steps(255), options)).rejects.toThrow(InputError);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('writeAtomically', () => {
  it('does not replace a file unasked, and leaves nothing beside it', async () => {
    const path = join(folder, 'x.txt');
    await writeAtomically(path, 'one');
    await expect(writeAtomically(path, 'two')).rejects.toThrow(/exists already; --force replaces it$/);
    expect(await readFile(path, 'utf8')).toBe('one');
    await writeAtomically(path, 'two', { force: true });
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual(['x.txt']);
  });

  it('lets one of two writers at once win', async () => {
    const path = join(folder, 'race.txt');
    const ends = await Promise.allSettled(['a', 'b', 'c', 'd'].map((text) => writeAtomically(path, text)));
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['race.txt']);
  });

  it('replaces the file behind a link', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'x'), 'old');
    await symlink(join('real', 'x'), join(folder, 'link'));
    await writeAtomically(join(folder, 'link'), 'new', { force: true });
    expect(await readlink(join(folder, 'link'))).toBe(join('real', 'x'));
    expect(await readFile(join(folder, 'real', 'x'), 'utf8')).toBe('new');
  });

  it('says what is in the way', async () => {
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'file'), '');
    await expect(checkWritable(join(folder, 'sub'), { force: true })).rejects.toThrow(
      /is a folder, a file name/,
    );
    await expect(checkWritable(join(folder, 'file', 'x'))).rejects.toThrow(/is not a folder$/);
    await expect(checkWritable('/dev/null', { force: true })).rejects.toThrow(/is not a regular file$/);
    if (process.getuid?.() !== 0) {
      await chmod(join(folder, 'sub'), 0o555);
      await expect(checkWritable(join(folder, 'sub', 'x'))).rejects.toThrow(/cannot be written \(EACCES\)$/);
    }
  });
});

describe('planar and interleaved', () => {
  it('are each other turned round', () => {
    const image = rgbImage(2, 1, Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6));
    expect(toPlanar(image)).toEqual(Float32Array.of(0.1, 0.4, 0.2, 0.5, 0.3, 0.6));
    expect(fromPlanar(toPlanar(image), 2, 1).data).toEqual(image.data);
    expect(fromPlanar([-1, 0, 2], 1, 1).data).toEqual(Float32Array.of(0, 0, 1));
    expect(() => fromPlanar([1, 2], 1, 1)).toThrow(/holds 3 values, got 2$/);
  });
});
