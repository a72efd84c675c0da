// The audit log of the command line: two lines for each verb, no names, and no deed where it cannot be written.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Audit, type AuditEntry } from '../../harness/node/audit.js';
import { memoryGallery } from '../../src/faces/index.js';
import { CONTRACT, collect, sampleOf } from '../faces/gallery/samples.js';
import { facet } from './facet.js';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
async function run(args: string[], code = 0, env: Record<string, string> = {}): Promise<string> {
  const outcome = await facet(['face', ...args], {
    cwd: folder,
    env: { FACET_CACHE: at('no-cache'), FACET_DATA: at('data'), FACET_DATABASE_URL: '', ...env },
  });
  expect(outcome.code, outcome.stderr).toBe(code);
  return outcome.stderr;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-audit-'));
  const store = memoryGallery();
  const c = await store.createCollection('people', CONTRACT);
  await c.enroll([sampleOf('Anna', 1), sampleOf('Anna', 2), sampleOf('Bob', 3)]);
  writeFileSync(at('in.jsonl'), `${(await collect(c.exportLines())).join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('tells who did what, in hashes, and nothing unless asked', { timeout: 600_000 }, async () => {
  const db = ['--db', 'g.db'];
  const logged = { FACET_AUDIT: at('log') };
  await run(['import', 'in.jsonl', '--db', 'quiet.db']);
  await run(['import', 'in.jsonl', ...db], 0, logged);
  await run(['rename', ' Anna', 'Anna-Lena', ...db, '--audit', at('log')]);
  await run(['export', ...db, '-o', 'out.jsonl'], 0, logged);
  await run(['remove', 'Bob', ...db], 0, logged);
  await run(['remove', 'Nobody', ...db], 2, logged);
  // No net is needed to be told that there is no picture, nor is a deed begun that cannot be.
  await run(['identify', 'nowhere.jpg', ...db], 2, logged);
  await run(['verify', 'nowhere.jpg', 'nowhere.jpg', ...db, '--collection', 'people'], 2, logged);
  await run(['enroll', 'nowhere.jpg', '--name', 'Eve', ...db], 2, logged);
  await run(['remove', '--everybody', ...db], 0, logged);
  // The log is a file, where a folder is wanted.
  expect(await run(['list', ...db], 0, { FACET_AUDIT: at('in.jsonl') })).toBe('');
  expect(await run(['remove', 'Anna', '--db', 'quiet.db'], 2, { FACET_AUDIT: at('in.jsonl') })).toMatch(
    /^facet: .*audit\.jsonl: .*\n$/,
  );
  const text = readFileSync(at('log', 'audit.jsonl'), 'utf8');
  expect(text).not.toMatch(/Anna|Bob|Eve|Nobody|embedding|out\.jsonl|nowhere/);
  expect(statSync(at('log', 'audit.jsonl')).mode & 0o777).toBe(0o600);
  const entries = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEntry);
  expect(entries.map(({ action, phase, samples }) => [action, phase, samples ?? '-'].join(' '))).toEqual([
    ...[
      'import begun -',
      'import done 3',
      'rename begun -',
      'rename done 2',
      'export begun -',
      'export done 3',
    ],
    ...['remove begun -', 'remove done 1', 'remove begun -', 'remove failed -'],
    ...['identify begun -', 'identify failed -', 'verify begun -', 'verify failed -'],
    ...['drop begun -', 'drop done 2'],
  ]);
  for (const { client, collection } of entries) {
    expect(client).toMatch(/^cli:./);
    expect(collection).toBe('people');
  }
  const audit = await Audit.open(at('log'));
  expect(entries[2]!.people).toEqual([audit.subject('Anna'), audit.subject('Anna-Lena')]);
  await audit.close();
});
