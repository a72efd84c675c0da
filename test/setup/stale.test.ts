import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isStale, lockMismatch, newestChange, packagesComplaint } from '../../scripts/lib/stale.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facet-stale-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a file and gives it and its folder a time, in seconds. */
function write(name: string, seconds: number, text = ''): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  utimesSync(path, seconds, seconds);
  utimesSync(dirname(path), seconds, seconds);
  return path;
}

describe('isStale', () => {
  it('holds for a missing output and for one older than an input, however deep', () => {
    const source = write('src/deep/a.ts', 200);
    utimesSync(join(folder, 'src'), 100, 100);
    expect(isStale(join(folder, 'none'), [source])).toBe(true);
    expect(isStale(write('dist/old', 199), [join(folder, 'src')])).toBe(true);
    expect(isStale(write('dist/new', 201), [join(folder, 'src')])).toBe(false);
  });

  it('sees a removed file by the time of its folder', () => {
    write('src/a.ts', 100);
    const removed = write('src/b.ts', 100);
    const output = write('dist/out', 150);
    expect(isStale(output, [join(folder, 'src')])).toBe(false);
    rmSync(removed);
    expect(isStale(output, [join(folder, 'src')])).toBe(true);
  });

  it('ignores inputs that do not exist', () => {
    expect(newestChange([join(folder, 'none')])).toBe(0);
    expect(isStale(write('dist/out', 1), [join(folder, 'none')])).toBe(false);
  });
});

describe('lockMismatch', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
      'node_modules/win': { version: '1.0.0', optional: true },
    },
  };
  const installed = (b: string | undefined) => ({
    packages: {
      'node_modules/a': { version: '1.0.0' },
      ...(b && { 'node_modules/a/node_modules/@s/b': { version: b } }),
    },
  });

  it('finds none where all but an optional package is installed', () => {
    expect(lockMismatch(lock, installed('2.0.0'))).toBeUndefined();
  });

  it('names a missing package and a wrong version', () => {
    expect(lockMismatch(lock, installed(undefined))).toBe('@s/b is not installed');
    expect(lockMismatch(lock, installed('2.0.1'))).toBe('@s/b is 2.0.1, not 2.0.0');
  });

  it('is read from the files of a clone', () => {
    write('package-lock.json', 300, JSON.stringify(lock));
    expect(packagesComplaint(folder)).toBe('node_modules is missing or incomplete');
    write('node_modules/.package-lock.json', 100, JSON.stringify(installed('2.0.0')));
    expect(packagesComplaint(folder)).toBeUndefined();
    write('node_modules/.package-lock.json', 400, JSON.stringify(installed('1.9.0')));
    expect(packagesComplaint(folder)).toBe('@s/b is 1.9.0, not 2.0.0');
  });
});
