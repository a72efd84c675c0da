// Extents from the header alone: the same as the decoded picture has, and the same complaints.
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectPicture, readPicture } from '../../harness/node/pictures.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-inspect-'));
  const picture = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: 'teal' } });
  await picture(60, 40).png().toFile(at('plain.png'));
  await picture(60, 40).withMetadata({ orientation: 6 }).jpeg().toFile(at('turned.jpg'));
  await picture(8, 40).png().toFile(at('narrow.png'));
  await picture(200, 200).jpeg().toFile(at('cut.jpg'));
  truncateSync(at('cut.jpg'), statSync(at('cut.jpg')).size - 40);
  writeFileSync(at('empty.png'), '');
  writeFileSync(at('text.png'), 'this is no picture');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('inspectPicture', () => {
  it.each([
    ['plain.png', { width: 60, height: 40 }],
    ['turned.jpg', { width: 40, height: 60 }],
  ])('%s', async (name, size) => {
    expect(await inspectPicture(at(name))).toEqual(size);
    expect(await readPicture(at(name))).toMatchObject(size);
  });

  it.each(['narrow.png', 'empty.png', 'text.png', 'nowhere.png', '.'])(
    'complains of %s as readPicture does',
    async (name) => {
      const said = await readPicture(at(name), { where: 'content' }).catch((error: Error) => error.message);
      expect(said).toBeTypeOf('string');
      // Of bytes that are no picture sharp says where it took them from: a file or a buffer.
      const start = String(said).replace(/: Input .*/s, '');
      await expect(inspectPicture(at(name), { where: 'content' })).rejects.toThrow(start);
    },
  );

  it('does not look behind the header', async () => {
    expect(await inspectPicture(at('cut.jpg'))).toEqual({ width: 200, height: 200 });
    await expect(readPicture(at('cut.jpg'))).rejects.toThrow(/damaged or cut short/);
  });
});
