// What cannot be used is told in one line, with exit code 2, before any long work, and leaves no file behind.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writePicture } from '../../harness/node/pictures.js';
import { hash32 } from '../../src/base/random.js';
import { writeSafetensors } from '../../src/nets/safetensors.js';
import { contentPicture, stylePicture } from '../style/shared.js';
import { facet, ownLines } from './facet.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-bad-'));
  const at = (name: string) => join(folder, name);
  await writePicture(at('c.png'), contentPicture());
  await writePicture(at('s.png'), stylePicture());
  await writePicture(at('exists.png'), contentPicture());
  await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .png()
    .toFile(at('one.png'));
  await sharp({ create: { width: 30000, height: 20, channels: 3, background: 'red' } })
    .png()
    .toFile(at('wide.png'));
  await sharp({ create: { width: 800, height: 17, channels: 3, background: 'red' } })
    .png()
    .toFile(at('thin.png'));
  await sharp({
    create: {
      width: 64,
      height: 64,
      channels: 3,
      background: 'red',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .jpeg()
    .toFile(at('cut.jpg'));
  truncateSync(at('cut.jpg'), Math.floor(statSync(at('cut.jpg')).size / 2));
  writeFileSync(at('text.jpg'), 'this is no picture');
  writeFileSync(at('empty.png'), '');
  const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => 85 * (hash32(1, i) % 4)));
  await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toFile(at('noise.png'));
  mkdirSync(at('folder'));
  mkdirSync(at('hollow'));
  writeFileSync(at('folder/note.txt'), 'nothing to see');
  writeFileSync(at('broken.safetensors'), Buffer.from([255, 255, 255, 255, 0, 0, 0, 0, 1, 2]));
  writeFileSync(
    at('other.safetensors'),
    writeSafetensors({ 'conv1_1.weight': { shape: [2, 3, 3, 3], values: new Float32Array(54) } }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const base = ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '32', '--iterations', '1'];
const withArgs = (...more: string[]) => [...base, ...more];
const pictures = (content: string, style = 's.png', out = 'out.png') => [
  'stylize',
  content,
  style,
  '-o',
  out,
  '--size',
  '32',
  '--iterations',
  '1',
];

/** What is given, and what the line must say. */
const cases: [string, string[], RegExp][] = [
  ['no arguments', ['stylize'], /required option '-o, --output/],
  ['no style', ['stylize', 'c.png', '-o', 'out.png'], /missing required argument 'styles'/],
  ['no output', ['stylize', 'c.png', 's.png'], /required option '-o, --output/],
  ['unknown option', withArgs('--wibble'), /unknown option '--wibble'/],
  ['unknown command', ['paintify'], /unknown command 'paintify'/],
  ['missing content', pictures('nowhere.png'), /content nowhere\.png .*does not exist/],
  ['missing style', pictures('c.png', 'nowhere.png'), /style nowhere\.png.*does not exist/],
  ['empty file', pictures('empty.png'), /empty\.png.*empty/],
  ['text named .jpg', pictures('text.jpg'), /text\.jpg/],
  ['truncated JPEG', pictures('cut.jpg'), /cut\.jpg/],
  ['1x1 picture', pictures('one.png'), /content one\.png: .*16 px, got 1x1/],
  ['30,000-pixel picture', pictures('wide.png'), /content wide\.png: .*16384 px, got 30000x20/],
  ['1x1 style', pictures('c.png', 'one.png'), /style one\.png.*1x1/],
  ['a picture too thin for the net', pictures('thin.png'), /at least 16 pixels on each side/],
  ['a folder as style', pictures('c.png', 'folder'), /style folder.*(director|folder)/],
  ['a folder without pictures', pictures('folder', 's.png', 'hollow'), /folder folder holds no/],
  ['a folder to a file', pictures('folder', 's.png', 'out.png'), /the output must be one/],
  ['existing output', pictures('c.png', 's.png', 'exists.png'), /exists\.png.*exists.*--force/],
  ['output folder missing', pictures('c.png', 's.png', 'no/where/out.png'), /no\/where.*does not exist/],
  ['output is a folder', pictures('c.png', 's.png', 'folder'), /folder/],
  ['output of unknown kind', pictures('c.png', 's.png', 'out.psd'), /out\.psd/],
  ['output without extension', pictures('c.png', 's.png', 'out'), /out/],
  ['16-bit JPEG', ['stylize', 'c.png', 's.png', '-o', 'out.jpg', '--bits', '16'], /16/],
  ['bits 12', withArgs('--bits', '12'), /--bits must be 8 or 16, got 12/],
  ['quality 0', withArgs('--quality', '0'), /--quality must be in 1\.\.100, got 0/],
  ['NaN weight', withArgs('--style-weight', 'NaN'), /--style-weight must be a number, got "NaN"/],
  [
    'negative weight',
    withArgs('--content-weight', '-3'),
    /content weight must be a number in 0\.\.1000000000000, got -3/,
  ],
  ['infinite weight', withArgs('--tv-weight', 'Infinity'), /--tv-weight must be a number/],
  ['word for a number', withArgs('--learning-rate', 'fast'), /--learning-rate must be a number, got "fast"/],
  [
    'size 0',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '0'],
    /size must be a whole number in 16\.\.16384, got 0/,
  ],
  [
    'size 99999',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '99999'],
    /size must be a whole number in 16\.\.16384, got 99999/,
  ],
  [
    'size 3.5',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '3.5'],
    /--size must be a whole number, got "3\.5"/,
  ],
  [
    'first size above size',
    withArgs('--first-size', '8'),
    /first size must be a whole number in 16\.\.32, got 8/,
  ],
  [
    'iterations -1',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--iterations', '-1'],
    /iterations must be/,
  ],
  [
    'unknown net',
    withArgs('--net', 'resnet50'),
    /--net must be one of vgg19, vgg16, vgg19-slim, got "resnet50"/,
  ],
  [
    'unknown preset',
    withArgs('--preset', 'best'),
    /--preset must be one of paper, gatys, quality, got "best"/,
  ],
  ['unknown layer', withArgs('--style-layers', 'relu7_1'), /no layer relu7_1/],
  [
    'layer list without sense',
    withArgs('--content-layers', 'relu4_2:x'),
    /--content-layers relu4_2 must be a number, got "x"/,
  ],
  ['weights missing', withArgs('--weights', 'no.safetensors'), /--weights no\.safetensors.*does not exist/],
  ['weights broken', withArgs('--weights', 'broken.safetensors'), /broken\.safetensors/],
  [
    'weights of another net',
    withArgs('--weights', 'other.safetensors'),
    /other\.safetensors.*conv1_1\.weight/,
  ],
  ['weights not at hand', withArgs('--net', 'vgg16'), /vgg16: no weights found; try facet weights get vgg16/],
  [
    'style weights for one style',
    withArgs('--style-weights', '1,2'),
    /--style-weights must have one number per style: 1, got 2/,
  ],
  ['style mask alone', withArgs('--style-mask', 's.png'), /a style mask needs a content mask/],
  [
    'a photograph as mask',
    withArgs('--content-mask', 'noise.png', '--style-mask', 'c.png'),
    /at most 8 colours/,
  ],
  [
    'resume from nothing',
    withArgs('--resume', 'no.safetensors').slice(0, 5).concat('--resume', 'no.safetensors'),
    /--resume no\.safetensors.*does not exist/,
  ],
  [
    'resume from a picture',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--resume', 'c.png'],
    /c\.png is no readable checkpoint/,
  ],
  ['resume with options', withArgs('--resume', 'c.png'), /leave out --size, --iterations/],
  ['plot of unknown kind', withArgs('--plot', 'loss.png'), /--plot writes SVG: loss\.png must end in \.svg/],
  ['trace into a missing folder', withArgs('--trace', 'no/t.json'), /no.*does not exist/],
  ['init picture missing', withArgs('--init', 'nowhere.png'), /init nowhere\.png.*does not exist/],
  ['save-every 0', withArgs('--save-every', '0'), /--save-every must be at least 1, got 0/],
  [
    'paint an unknown style',
    ['paint', 'cubism', '-o', 'p.png'],
    /there is no style cubism; choose one of brushstrokes/,
  ],
  ['paint a giant', ['paint', 'woodcut', '-o', 'p.png', '--size', '100000'], /16 to 4096/],
];

it.concurrent.each(cases)('%s: exit 2, one line', async (_name, args, message) => {
  const { code, stdout, stderr } = await facet(args, {
    cwd: folder,
    env: { XDG_CACHE_HOME: join(folder, 'no-cache') },
  });
  const lines = ownLines(stderr);
  expect(lines.join('\n')).toMatch(message);
  // Commander adds hints in parentheses: where the help is, what may have been meant.
  expect(lines.filter((line) => !line.startsWith('(')).length, stderr).toBe(1);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code, stderr).toBe(2);
  expect(stdout).toBe('');
});

it('left no file behind', () => {
  const kept = readdirSync(folder).sort();
  expect(kept).toEqual(
    [
      'broken.safetensors',
      'c.png',
      'cut.jpg',
      'empty.png',
      'exists.png',
      'folder',
      'hollow',
      'noise.png',
      'one.png',
      'other.safetensors',
      's.png',
      'text.jpg',
      'thin.png',
      'wide.png',
    ].sort(),
  );
});
