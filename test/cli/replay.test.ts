// `facet stylize --replay`, on a recipe as the studio writes it.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePicture } from '../../harness/node/pictures.js';
import { rgbImage } from '../../src/base/image.js';
import type { StyleOptions } from '../../src/style/options.js';
import { contentPicture, stylePicture } from '../style/shared.js';
import { facet } from './facet.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-replay-'));
  await writePicture(at('c.png'), contentPicture());
  await writePicture(at('s.png'), stylePicture());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (out: string, ...more: string[]) =>
  facet(['stylize', 'c.png', 's.png', '-o', out, ...more], { cwd: folder });

const picture = (name: string) => ({
  name,
  sha256: createHash('sha256')
    .update(readFileSync(at(name)))
    .digest('hex'),
  width: 48,
  height: 40,
});

describe('facet stylize --replay', { timeout: 180_000 }, () => {
  it('makes the same picture again, and says what does not fit', async () => {
    const made = await run('a.png', '--size', '48', '--iterations', '3', '--json');
    expect(made.code, made.stderr).toBe(0);
    const { options, weights } = JSON.parse(made.stdout) as {
      options: StyleOptions;
      weights: { sha256: string };
    };
    const manifest = {
      format: 'facet-style-run-1',
      facet: '0.1.0',
      net: 'vgg19-slim',
      weights: weights.sha256,
      precision: 'f32',
      content: picture('c.png'),
      styles: [picture('s.png')],
      phases: [{ from: 0, options, shares: [1] }],
      steps: 3,
      mix: { strength: 1, color: 0 },
      adapter: 'of a test',
    };
    writeFileSync(at('run.json'), JSON.stringify(manifest));
    const again = await run('b.png', '--replay', 'run.json');
    expect(again.code, again.stderr).toBe(0);
    expect(readFileSync(at('b.png')).equals(readFileSync(at('a.png')))).toBe(true);

    const refused = async (change: object, text: string, ...more: string[]) => {
      writeFileSync(at('bad.json'), JSON.stringify({ ...manifest, ...change }));
      const { code, stderr } = await run('x.png', '--replay', 'bad.json', ...more);
      expect(stderr).toContain(text);
      expect(code).toBe(2);
    };
    await refused({ content: picture('s.png') }, 'c.png is not the s.png (48x40) of the run');
    await refused({ weights: '0'.repeat(64) }, `sha-256 must be ${'0'.repeat(64)}`);
    await refused({}, '--replay takes the options from its file; leave out --size', '--size', '64');
    await refused({ format: 'x' }, 'is no manifest of a style run: format');
  });

  it('asks for the masks and the first picture of a run', async () => {
    const halves = (width: number, height: number) =>
      rgbImage(
        width,
        height,
        Float32Array.from({ length: 3 * width * height }, (_, i) =>
          Number(Math.floor(i / 3) % width < width / 2),
        ),
      );
    const { width, height } = stylePicture();
    await writePicture(at('m.png'), halves(48, 40));
    await writePicture(at('n.png'), halves(width, height));
    const files = ['--content-mask', 'm.png', '--style-mask', 'n.png', '--init', 'm.png'];
    const made = await run('d.png', '--size', '48', '--iterations', '2', '--json', ...files);
    expect(made.code, made.stderr).toBe(0);
    const { options, weights } = JSON.parse(made.stdout) as {
      options: StyleOptions;
      weights: { sha256: string };
    };
    const manifest = {
      format: 'facet-style-run-1',
      facet: '0.1.0',
      net: 'vgg19-slim',
      weights: weights.sha256,
      precision: 'f32',
      content: picture('c.png'),
      styles: [{ ...picture('s.png'), mask: picture('n.png') }],
      contentMask: picture('m.png'),
      initImage: picture('m.png'),
      phases: [{ from: 0, options, shares: [1] }],
      steps: 2,
      mix: { strength: 1, color: 0 },
      adapter: 'of a test',
    };
    writeFileSync(at('masks.json'), JSON.stringify(manifest));
    const again = await run('e.png', '--replay', 'masks.json', ...files);
    expect(again.code, again.stderr).toBe(0);
    expect(readFileSync(at('e.png')).equals(readFileSync(at('d.png')))).toBe(true);

    const refused = async (text: string, ...more: string[]) => {
      const { code, stderr } = await run('x.png', '--replay', 'masks.json', ...more);
      expect(stderr).toContain(text);
      expect(code).toBe(2);
    };
    await refused('the run has m.png: give it with --content-mask');
    await refused('the run has m.png: give it with --init', ...files.slice(0, 4));
    await refused('the run has 1 masks of styles (n.png), got 0', ...files.slice(0, 2), ...files.slice(4));
    await refused('s.png is not the m.png', '--content-mask', 's.png', ...files.slice(2));
  });
});
