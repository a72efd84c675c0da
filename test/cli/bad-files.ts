// The files that the bad inputs are made of: pictures, weights and checkpoints with something wrong, and what they
// must not replace.
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { writePicture } from '../../harness/node/pictures.js';
import { hash32 } from '../../src/base/random.js';
import { parseSafetensors, tensorValues, writeSafetensors } from '../../src/nets/safetensors.js';
import { contentPicture, stylePicture } from '../style/shared.js';

const SLIM = new URL('../../weights/vgg19-slim.safetensors', import.meta.url);

/** Fills an empty folder. */
export async function makeBadFiles(folder: string): Promise<void> {
  const at = (name: string) => join(folder, name);
  for (const name of ['folder', 'hollow', 'folder.png', 'album', 'mixed']) mkdirSync(at(name));
  writeFileSync(at('folder/note.txt'), 'nothing to see');
  await makePictures(at);
  makeWeights(at);
  const image = { image: { shape: [1, 3, 2, 2], values: new Float32Array(12) } };
  const metadata = { format: 'facet-style-checkpoint-1', facts: '{"step":7}' };
  writeFileSync(at('damaged.safetensors'), writeSafetensors(image, metadata));
  writeFileSync(at('used.checkpoint.safetensors'), 'the notes of somebody');
}

async function makePictures(at: (name: string) => string): Promise<void> {
  const content = ['c.png', 'exists.png', 'n-000002.png', 'album/one.png', 'mixed/fine.png'];
  for (const name of content) await writePicture(at(name), contentPicture());
  await writePicture(at('s.png'), stylePicture());
  symlinkSync('c.png', at('link.png'));
  const red = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'red' } }).png();
  await red(1, 1).toFile(at('one.png'));
  await red(30000, 20).toFile(at('wide.png'));
  await red(800, 17).toFile(at('thin.png'));
  const noise = Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => 85 * (hash32(1, i) % 4)));
  const noisy = () => sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
  await noisy().png().toFile(at('noise.png'));
  await noisy().jpeg().toFile(at('cut.jpg'));
  truncateSync(at('cut.jpg'), Math.floor(statSync(at('cut.jpg')).size / 2));
  for (const name of ['text.jpg', 'mixed/wrong.jpg']) writeFileSync(at(name), 'this is no picture');
  writeFileSync(at('empty.png'), '');
}

function makeWeights(at: (name: string) => string): void {
  writeFileSync(at('broken.safetensors'), Buffer.from([255, 255, 255, 255, 0, 0, 0, 0, 1, 2]));
  writeFileSync(
    at('other.safetensors'),
    writeSafetensors({ 'conv1_1.weight': { shape: [2, 3, 3, 3], values: new Float32Array(54) } }),
  );
  const bytes = readFileSync(SLIM);
  const { metadata, tensors } = parseSafetensors(bytes, 'vgg19-slim');
  const first = [...tensors].filter(([name]) => /^conv(1_1|1_2|2_1)\./.test(name));
  const shallow = first.map(([name, t]) => [name, { shape: t.shape, values: tensorValues(t) }] as const);
  writeFileSync(at('shallow.safetensors'), writeSafetensors(Object.fromEntries(shallow), metadata));
  // The last of the f16 values: all ones in the exponent and a fraction, a NaN.
  bytes.set([0x00, 0x7e], bytes.length - 2);
  writeFileSync(at('nan.safetensors'), bytes);
}
