// An encrypted gallery as a user meets it: every verb works with the passphrase, none without, and none tells it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryGallery } from '../../src/faces/index.js';
import { CONTRACT, collect, sampleOf } from '../faces/gallery/samples.js';
import { facet, type Outcome } from './facet.js';

const WORDS = 'correct horse battery staple';
const OTHER_WORDS = 'a quite different passphrase';
const demo = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

async function run(args: string[], code = 0, env: Record<string, string> = {}): Promise<Outcome> {
  const outcome = await facet(['face', ...args], {
    cwd: folder,
    env: { FACET_CACHE: at('no-cache'), FACET_DATA: at('data'), FACET_DATABASE_URL: '', ...env },
  });
  expect(outcome.code, outcome.stderr).toBe(code);
  expect(outcome.stdout + outcome.stderr).not.toMatch(/horse|different passphrase/);
  return outcome;
}
const KEYED = { FACET_GALLERY_PASSPHRASE: WORDS };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-encrypt-'));
  mkdirSync(at('people', 'Ann'), { recursive: true });
  const cut = () => sharp(join(demo, 'sample6.jpg')).extract({ left: 90, top: 420, width: 480, height: 480 });
  await cut()
    .resize(300)
    .jpeg()
    .toFile(at('people', 'Ann', '1.jpg'));
  await cut().resize(200).modulate({ brightness: 0.9 }).png().toFile(at('probe.png'));
  writeFileSync(at('words'), `${WORDS}\nonly the first line counts\n`);
  writeFileSync(at('others'), OTHER_WORDS);
  writeFileSync(at('none'), '\n');
  const store = memoryGallery();
  const c = await store.createCollection('people', CONTRACT);
  await c.enroll([sampleOf('Anna', 1), sampleOf('Bob', 2)]);
  writeFileSync(at('new.jsonl'), `${(await collect(c.exportLines())).join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('facet face', { timeout: 600_000 }, () => {
  it('makes, fills, asks and rebuilds an encrypted gallery', async () => {
    await run(['enroll', 'people', '--db', 'new.db', '--keep-crops'], 0, KEYED);
    const bytes = readFileSync(at('new.db'));
    for (const text of ['Ann', 'people', 'resnet34', 'battery'])
      expect(bytes.includes(text), text).toBe(false);
    const known = await run(['identify', 'probe.png', '--db', 'new.db', '--passphrase-file', 'words']);
    expect(known.stdout).toContain('probe.png  Ann');
    await run(['reembed', '--db', 'new.db'], 0, KEYED);
    await run(['rename', 'Ann', 'Anna', '--db', 'new.db'], 0, KEYED);
    expect((await run(['list', '--db', 'new.db'], 0, KEYED)).stdout).toContain('Anna  1');
  });

  it('converts there and back, changes the passphrase, and refuses others', async () => {
    await run(['import', 'new.jsonl', '--db', 'g.db']);
    const refused = await run(['list', '--db', 'g.db'], 2, KEYED);
    expect(refused.stderr).toBe(
      'facet: g.db: a passphrase is given, and the gallery is not encrypted; facet face encrypt encrypts it\n',
    );
    expect((await run(['encrypt', '--db', 'g.db', '--passphrase-file', 'words'])).stdout).toBe(
      'g.db: encrypted: 1 collections, 2 samples\n',
    );
    expect(readFileSync(at('g.db')).includes('Anna')).toBe(false);
    for (const [args, message] of [
      [['list'], /^facet: g\.db: the gallery is encrypted: give its passphrase/],
      [
        ['list', '--passphrase-file', 'others'],
        /^facet: g\.db: the passphrase is not that of this gallery\n$/,
      ],
      [['list', '--passphrase-file', 'none'], /the first line is empty/],
      [['encrypt', '--passphrase-file', 'words'], /is encrypted already/],
      [['decrypt'], /the passphrase is missing/],
      [['passphrase', '--passphrase-file', 'words'], /the new passphrase is missing/],
    ] as const) {
      expect((await run([...args, '--db', 'g.db'], 2)).stderr).toMatch(message);
    }
    await run([
      ...['passphrase', '--db', 'g.db', '--passphrase-file', 'words'],
      ...['--new-passphrase-file', 'others'],
    ]);
    await run(['list', '--db', 'g.db', '--passphrase-file', 'words'], 2);
    await run(['export', '--db', 'g.db', '--passphrase-file', 'others', '-o', 'g.jsonl']);
    expect(readFileSync(at('g.jsonl'), 'utf8')).toBe(readFileSync(at('new.jsonl'), 'utf8'));
    await run(['decrypt', '--db', 'g.db', '--passphrase-file', 'others', '--json']);
    expect((await run(['list', '--db', 'g.db'])).stdout).toContain('Anna  1');
    await run(['encrypt', '--db', 'g.db'], 2, { FACET_GALLERY_PASSPHRASE: 'too short' });
  });

  // A terminal of its own, by util-linux.
  it.skipIf(spawnSync('script', ['--version']).status !== 0)(
    'asks at a terminal, without an echo',
    async () => {
      const launcher = fileURLToPath(new URL('../../bin/facet.mjs', import.meta.url));
      const typed = async (line: string, answers: readonly (readonly [RegExp, string])[]) => {
        const command = `"${process.execPath}" "${launcher}" face ${line}`;
        const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, stdio: 'pipe' });
        let shown = '';
        let next = 0;
        child.stdout.on('data', (data: Buffer) => {
          shown += data.toString();
          if (next < answers.length && answers[next]![0].test(shown)) child.stdin.write(answers[next++]![1]);
        });
        const code = await new Promise((done) => child.on('close', done));
        return { code, shown };
      };
      await run(['import', 'new.jsonl', '--db', 't.db']);
      const twice = [
        [/new passphrase: /, `${WORDS}\r`],
        [/again: /, `${WORDS}\r`],
      ] as const;
      const made = await typed('encrypt --db t.db', twice);
      expect(made).toMatchObject({ code: 0, shown: expect.stringContaining('encrypted: 1 collections') });
      const asked = await typed('list --db t.db', [[/passphrase of the gallery: /, `${WORDS}\r`]]);
      expect(asked).toMatchObject({ code: 0, shown: expect.stringContaining('Anna  1') });
      const wrong = await typed('list --db t.db', [[/passphrase of the gallery: /, 'something else\r']]);
      expect(wrong).toMatchObject({ code: 2, shown: expect.stringContaining('not that of this gallery') });
      const none = await typed('list --db t.db', [[/passphrase of the gallery: /, '\x04']]);
      expect(none).toMatchObject({ code: 2, shown: expect.stringContaining('no passphrase was typed') });
      expect(made.shown + asked.shown + wrong.shown).not.toMatch(/horse|something else/);
    },
  );
});
