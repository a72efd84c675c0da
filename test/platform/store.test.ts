// What every key-value store promises, of files and of IndexedDB alike.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IDBFactory } from 'fake-indexeddb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import type { AdapterReport } from '../../src/gpu/device.js';
import { loadTable, saveEntries } from '../../src/gpu/tuning-store.js';
import {
  emptyTable,
  encodeTable,
  type TuningEntry,
  tableKey,
  withEntries,
} from '../../src/gpu/tuning-table.js';
import { indexedDbStore } from '../../src/platform/browser-store.js';
import { tuningFolder } from '../../src/platform/node-paths.js';
import { fileStore } from '../../src/platform/node-store.js';
import type { KeyValueStore } from '../../src/platform/platform.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'facet-store-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const runtime = (gpuVersion: string) => ({ gpuVersion, facetVersion: '1.0.0' });

let count = 0;
const makers: [string, () => () => KeyValueStore][] = [
  [
    'files',
    () => {
      const folder = join(root, `${count++}`, 'not', 'there', 'yet');
      return () => fileStore(folder);
    },
  ],
  [
    'IndexedDB',
    () => {
      const factory = new IDBFactory();
      return () => indexedDbStore('facet', factory);
    },
  ],
];

describe.each(makers)('%s', (_name, make) => {
  let again: () => KeyValueStore;
  let store: KeyValueStore;
  beforeEach(() => {
    again = make();
    store = again();
  });

  it('keep what was set, for the next one that looks', async () => {
    expect(await store.get('a')).toBeUndefined();
    await store.set('a', 'one');
    await store.set('b', 'ü');
    await store.set('a', 'two');
    expect([await again().get('a'), await again().get('b')]).toEqual(['two', 'ü']);
    await store.delete('a');
    await store.delete('never');
    expect(await again().get('a')).toBeUndefined();
  });

  it('lose no update of several at once', async () => {
    const stores = [store, again(), again()];
    const add = (word: string) => (text: string | undefined) => `${text ?? ''}${word} `;
    await Promise.all(Array.from({ length: 12 }, (_, i) => stores[i % 3]!.update('words', add(`w${i}`))));
    const words = (await store.get('words'))!.trim().split(' ').sort();
    expect(words).toEqual(Array.from({ length: 12 }, (_, i) => `w${i}`).sort());
  });

  it('keep the old text where an update throws, and go on', async () => {
    await store.set('a', 'old');
    const refuse = () => {
      throw new InputError('no');
    };
    await expect(store.update('a', refuse)).rejects.toThrow(new InputError('no'));
    expect(await store.get('a')).toBe('old');
    await store.update('a', (text) => `${text}er`);
    expect(await store.get('a')).toBe('older');
  });

  it('set aside what is damaged, and keep it', async () => {
    await store.set('a', 'rubbish');
    const place = await store.setAside('a');
    expect(place).toMatch(/a\.damaged-[0-9a-f]{8}$/);
    expect(await again().get('a')).toBeUndefined();
  });

  const report: AdapterReport = {
    vendor: 'v',
    architecture: '',
    device: '',
    description: 'demo',
    features: [],
    limits: {},
    subgroupMinSize: 0,
    subgroupMaxSize: 0,
    software: false,
  };
  const empty = emptyTable(report, runtime('1'));
  const entry = (bucket: string): TuningEntry => ({
    family: 'f',
    bucket,
    choice: 'x',
    default: 'x',
    ms: { x: 1 },
  });

  it('hold a tuning table to which several add', async () => {
    const never = (line: string) => expect.unreachable(line);
    expect(await loadTable(store, empty, never)).toEqual(empty);
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((bucket, i) =>
        saveEntries(i % 2 ? store : again(), empty, [entry(bucket)], never),
      ),
    );
    const table = withEntries(empty, ['a', 'b', 'c', 'd'].map(entry));
    expect(await loadTable(again(), empty, never)).toEqual(table);
    expect(await loadTable(store, emptyTable(report, runtime('2')), never)).toMatchObject({ entries: [] });
  });

  it.each([
    ['{"format":1,', /: is not JSON; it is kept in /],
    ['{}', /: is no tuning table: format: .*; it is kept in /],
    [
      encodeTable(emptyTable({ ...report, vendor: 'other' }, runtime('1'))),
      /: is of another adapter, driver or version; it is kept in /,
    ],
  ])('tell of a table that cannot be used, set it aside and take a new one: %j', async (text, message) => {
    await store.set(tableKey(empty), text);
    const notes: string[] = [];
    const note = (line: string) => void notes.push(line);
    await saveEntries(store, empty, [entry('a')], note);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(message);
    expect(notes[0]).not.toContain('\n');
    expect(await loadTable(store, empty, note)).toEqual(withEntries(empty, [entry('a')]));
    expect(notes).toHaveLength(1);
  });
});

describe('files', () => {
  it('are JSON files of the folder, and nothing else is left in it', async () => {
    const folder = join(root, 'plain');
    const store = fileStore(folder);
    expect(store.where('a')).toBe(join(folder, 'a.json'));
    await store.set('a', '{}');
    await store.set('b', 'rubbish');
    const aside = await store.setAside('b');
    expect(readFileSync(aside, 'utf8')).toBe('rubbish');
    expect(readdirSync(folder).filter((name) => !name.includes('damaged'))).toEqual(['a.json']);
  });

  it('outlive a process that ended in the middle of an update', async () => {
    const folder = join(root, 'locked');
    mkdirSync(folder);
    const lock = join(folder, 'a.json.lock');
    writeFileSync(lock, '');
    const past = new Date(Date.now() - 60_000);
    utimesSync(lock, past, past);
    await fileStore(folder).set('a', 'done');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('lose no update of several that find the lock of such a process at once', async () => {
    const folder = join(root, 'contended');
    mkdirSync(folder);
    const past = new Date(Date.now() - 60_000);
    for (let round = 0; round < 20; round++) {
      const lock = join(folder, 'a.json.lock');
      writeFileSync(lock, 'left');
      utimesSync(lock, past, past);
      const add = (text: string | undefined) => `${text ?? ''}x`;
      await Promise.all(Array.from({ length: 8 }, () => fileStore(folder).update('a', add)));
    }
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toHaveLength(160);
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('leave a lock that became another process’s', async () => {
    const folder = join(root, 'taken');
    const lock = join(folder, 'a.json.lock');
    await fileStore(folder).update('a', () => {
      writeFileSync(lock, 'of another');
      return 'text';
    });
    expect(readFileSync(lock, 'utf8')).toBe('of another');
  });

  it('refuse names that lead elsewhere', async () => {
    for (const key of ['../a', 'a/b', '.hidden', '']) {
      await expect((async () => fileStore(root).get(key))()).rejects.toThrow(InputError);
    }
  });

  it('say in one line what cannot be used', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    await expect(fileStore(file).set('a', '')).rejects.toThrow(
      new InputError(`${file} could not be made (EEXIST)`),
    );
    await expect(fileStore(file).get('a')).rejects.toThrow(/a\.json could not be read \(ENOTDIR\)/);
  });

  it('lie in the cache folder, or where FACET_TUNING says', () => {
    expect(tuningFolder({ FACET_CACHE: '/c' })).toBe(join('/c', 'tuning'));
    expect(tuningFolder({ FACET_CACHE: '/c', FACET_TUNING: '/t' })).toBe('/t');
  });
});
