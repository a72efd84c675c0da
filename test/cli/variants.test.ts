// Options of `facet stylize` that name other pictures or change colours, end to end at a size of a few pixels.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture, writePicture } from '../../harness/node/pictures.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import { contentPicture, stylePicture } from '../style/shared.js';
import { facet } from './facet.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-variants-'));
  await writePicture(at('c.png'), contentPicture(64, 64));
  await writePicture(at('soft content.png'), grain([0.7, 0.4, 0.3]));
  await writePicture(at('soft style.png'), grain([0.3, 0.5, 0.8]));
  await writePicture(at('s.png'), stylePicture(64, 64));
  await writePicture(
    at('t.png'),
    filled(64, 64, () => [0.9, 0.1, 0.1]),
  );
  await writePicture(
    at('start.png'),
    filled(64, 64, () => [0.1, 0.9, 0.1]),
  );
  await writePicture(
    at('halves.png'),
    filled(64, 64, (x) => (x < 32 ? [1, 1, 1] : [0, 0, 0])),
  );
  await writePicture(
    at('white.png'),
    filled(64, 64, () => [1, 1, 1]),
  );
  await writePicture(
    at('black.png'),
    filled(64, 64, () => [0, 0, 0]),
  );
  await writePicture(at('clear.png'), {
    ...contentPicture(64, 64),
    alpha: new Float32Array(64 * 64).fill(0.5),
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filled(width: number, height: number, color: (x: number) => number[]): RgbImage {
  const image = rgbImage(width, height);
  for (let p = 0; p < width * height; p++) image.data.set(color(p % width), 3 * p);
  return image;
}

/** Grain of +-0.05 around a colour. */
function grain(color: readonly number[]): RgbImage {
  const image = rgbImage(64, 64);
  for (let i = 0; i < image.data.length; i++) image.data[i] = color[i % 3]! + 0.1 * (uniform(1, i) - 0.5);
  return image;
}

/** Runs on c.png, or what `pictures` says, and reads the result. */
async function result(name: string, options: string[], pictures = ['c.png', 's.png']): Promise<RgbImage> {
  const size = ['--size', '64', '--first-size', '64'];
  const { code, stderr } = await facet(['stylize', ...pictures, '-o', name, ...size, ...options], {
    cwd: folder,
  });
  expect(code, stderr).toBe(0);
  return readPicture(at(name));
}

function mean({ data }: RgbImage, channel: number): number {
  return data.reduce((sum, value, i) => sum + (i % 3 === channel ? value : 0), 0) / (data.length / 3);
}

/** Mean difference between vertical neighbours in the columns from `from` to `to`. */
function roughness({ data, width, height }: RgbImage, from: number, to: number): number {
  let sum = 0;
  for (let y = 1; y < height; y++)
    for (let i = 3 * from; i < 3 * to; i++)
      sum += Math.abs(data[3 * y * width + i]! - data[3 * (y - 1) * width + i]!);
  return sum / (3 * (height - 1) * (to - from));
}

const difference = (a: RgbImage, b: RgbImage) =>
  a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;

describe('facet stylize', { timeout: 180_000 }, () => {
  it('takes each style where its mask says', async () => {
    const options = ['--content-weight', '0', '--iterations', '40', '--content-mask', 'halves.png'];
    const pictures = ['c.png', 's.png', 't.png'];
    const stripesLeft = ['--style-mask', 'white.png', 'black.png'];
    const stripesRight = ['--style-mask', 'black.png', 'white.png'];
    const one = await result('one.png', [...options, ...stripesLeft], pictures);
    const other = await result('other.png', [...options, ...stripesRight], pictures);
    // s.png has stripes, t.png is plain.
    expect(roughness(one, 0, 28)).toBeGreaterThan(1.5 * roughness(other, 0, 28));
    expect(roughness(other, 36, 64)).toBeGreaterThan(1.5 * roughness(one, 36, 64));
  });

  it('starts from a picture', async () => {
    const start = await readPicture(at('start.png'));
    const from = await result('from.png', ['--init', 'start.png', '--iterations', '1']);
    const usual = await result('usual.png', ['--iterations', '1']);
    expect(difference(from, start)).toBeLessThan(0.05);
    expect(difference(usual, start)).toBeGreaterThan(0.2);
  });

  it('matches the histogram of the style to the content', async () => {
    const options = ['--init', 'style', '--iterations', '1'];
    const pictures = ['soft content.png', 'soft style.png'];
    const matched = await result('matched.png', [...options, '--color', 'match-histogram'], pictures);
    const plain = await result('plain.png', options, pictures);
    // The start is noise with the means of the style, recoloured or not; a step moves it by 0.02 at most.
    for (const [channel, content] of [0.7, 0.4, 0.3].entries()) {
      expect(Math.abs(mean(matched, channel) - content)).toBeLessThan(0.03);
    }
    for (const [channel, style] of [0.3, 0.5, 0.8].entries()) {
      expect(Math.abs(mean(plain, channel) - style)).toBeLessThan(0.03);
    }
  });

  it('passes the options of the optimiser on', async () => {
    const options = ['--iterations', '5', '--trace', 'numbers.json'];
    const numbers = ['--beta1', '0.5', '--beta2', '0.9', '--epsilon', '1e-4', '--average-decay', '0'];
    const more = ['--pooling', 'average', '--pooling-scale', '2'];
    await result('numbers.png', [...options, ...numbers, ...more]);
    expect(
      (JSON.parse(readFileSync(at('numbers.json'), 'utf8')) as { options: object }).options,
    ).toMatchObject({
      beta1: 0.5,
      beta2: 0.9,
      epsilon: 1e-4,
      averageDecay: 0,
      poolingScale: 2,
    });
  });

  it('passes the history of L-BFGS on', async () => {
    const options = [
      '--iterations',
      '3',
      '--optimizer',
      'lbfgs',
      '--history',
      '3',
      '--trace',
      'history.json',
    ];
    await result('history.png', options);
    expect(
      (JSON.parse(readFileSync(at('history.json'), 'utf8')) as { options: object }).options,
    ).toMatchObject({ optimizer: 'lbfgs', history: 3 });
  });

  it('notes that JPEG drops transparency', async () => {
    const args = ['stylize', 'clear.png', 's.png', '-o', 'clear.jpg', '--size', '32', '--iterations', '1'];
    const { code, stderr } = await facet(args, { cwd: folder });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/note: clear\.jpg: JPEG holds no transparency; it is dropped/);
  });
});
