// What `facet face` cannot use is told in one line, with exit code 2, and nothing is lost.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGalleryFile } from '../../harness/node/gallery/libsql-store.js';
import { OTHER } from '../faces/gallery/samples.js';
import { faceBadInputs } from './face-bad-inputs.js';
import { facet, type Outcome, ownLines } from './facet.js';

const demo = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);
/** The second face from the left of sample6.jpg, with some room. */
const REGION = { left: 560, top: 300, width: 420, height: 420 };

let folder: string;
const at = (name: string) => join(folder, name);
const run = (args: string[]): Promise<Outcome> =>
  facet(args, { cwd: folder, env: { FACET_CACHE: at('no-cache'), FACET_DATA: at('no-data') } });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-face-bad-'));
  for (const name of ['folder', 'people/Ada', 'refused/Eve']) mkdirSync(at(name), { recursive: true });
  const one = await sharp(join(demo, 'sample6.jpg')).extract(REGION).jpeg().toBuffer();
  for (const name of ['one.jpg', 'people/Ada/1.jpg']) writeFileSync(at(name), one);
  writeFileSync(at('cut.jpg'), one.subarray(0, one.length / 2));
  writeFileSync(at('text.jpg'), 'this is no picture');
  writeFileSync(at('empty.png'), '');
  const create = { width: 200, height: 160, channels: 3 as const, background: '#808080' };
  for (const name of ['grey.png', 'refused/Eve/grey.png']) await sharp({ create }).png().toFile(at(name));
  await sharp(join(demo, 'sample6.jpg')).jpeg().toFile(at('p.jpg'));
  writeFileSync(at('pairs.txt'), '2\t1\nAda\t1\t2\nAda\t1\tBob\t1\nBob\t1\t2\nAda\t2\tBob\t2\n');
  const other = await openGalleryFile(at('other.db'));
  await other.createCollection('people', OTHER);
  await other.close();
  const { code, stderr } = await run(['face', 'enroll', 'people', '--db', 'db', '--quality', 'off']);
  if (code !== 0) throw new Error(stderr);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(faceBadInputs)('%s: exit 2, one line', async (_name, args, message) => {
  const kept = readFileSync(at('one.jpg'));
  const { code, stderr } = await run(args);
  const lines = ownLines(stderr).filter((line) => !line.startsWith('('));
  expect(lines.join('\n')).toMatch(message);
  expect(lines, stderr).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code, stderr).toBe(2);
  expect(readFileSync(at('one.jpg')).equals(kept)).toBe(true);
});

it('leaves no gallery behind into which nothing came', () => {
  expect(readdirSync(folder).filter((name) => name.startsWith('new.db'))).toEqual([]);
});

it.each(['mssql://user:secret@127.0.0.1/x', 'postgres:user:secret'])(
  'keeps a secret in FACET_DATABASE_URL: %s',
  async (FACET_DATABASE_URL) => {
    const { code, stdout, stderr } = await facet(['face', 'list'], {
      cwd: folder,
      env: { FACET_DATABASE_URL },
    });
    expect(code).toBe(2);
    expect(ownLines(stderr)).toHaveLength(1);
    expect(stdout + stderr).not.toContain('secret');
  },
);

it('refuses several faces at enrolment unless told which counts', async () => {
  const several = await run(['face', 'enroll', 'p.jpg', '--name', 'Bob', '--db', 'db']);
  expect(several.code).toBe(2);
  expect(ownLines(several.stderr).join('\n')).toMatch(
    /p\.jpg: refused: several faces: .* is 4, at most 1 is wanted/,
  );
  const told = await run(['face', 'enroll', 'p.jpg', '--name', 'Bob', '--db', 'db', '--faces', 'largest']);
  expect(told.code, told.stderr).toBe(0);
});

it('answers a stranger with 1 and the enrolled person with 0, and lost nothing', async () => {
  const known = await run(['face', 'identify', 'one.jpg', '--db', 'db', '--json']);
  expect(known.code, known.stderr).toBe(0);
  // Searched at all sizes, as at enrolment, the face is cut out the same.
  const { pictures } = JSON.parse(known.stdout);
  expect(pictures[0].faces[0]).toMatchObject({ person: 'Ada' });
  expect(pictures[0].faces[0].candidates[0].distance).toBeLessThan(1e-6);
  const stranger = await run([
    'face',
    'identify',
    'p.jpg',
    '--db',
    'db',
    '--faces',
    'centre',
    '--threshold',
    '0.001',
  ]);
  expect(stranger.code, stranger.stderr).toBe(1);
  expect(stranger.stdout).toMatch(/unknown \(nearest /);
  const list = JSON.parse((await run(['face', 'list', '--db', 'db', '--json'])).stdout);
  expect(list.collections[0].people).toContainEqual({ name: 'Ada', samples: 1 });
}, 120_000);
