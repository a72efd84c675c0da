// What `facet`, `facet/faces`, `facet/node`, `facet/style` and `facet/web` declare, seen by a strict program that depends on the package.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declare } from '../../scripts/declare.mjs';
import { ROOT } from '../architecture/source.js';

interface Manifest {
  dependencies: Record<string, string>;
  exports: Record<string, { types: string } | string>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const declared = Object.values(manifest.exports).flatMap((target) =>
  typeof target === 'string' ? [] : [target.types],
);
const consumer = readFileSync(join(import.meta.dirname, 'consumer.ts'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'facet-types-'));

/** What tsc prints for `text` as a program in `folder`: nothing where all is well. */
function typeErrors(text: string): string {
  writeFileSync(join(folder, 'consumer.ts'), text);
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout, stderr, error } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
  if (error) throw error;
  return stdout + stderr;
}

beforeAll(() => {
  // As npm lays it out: the package, what it depends on, and the types of Node; no development package of Facet's.
  const installed = join(folder, 'node_modules');
  const facet = join(installed, 'facet');
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    mkdirSync(dirname(join(installed, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(installed, name), 'junction');
  }
  mkdirSync(facet);
  cpSync(join(ROOT, 'package.json'), join(facet, 'package.json'));
  const sources = declared.map((path) => path.replace('./dist/types/', '').replace(/\.d\.ts$/, '.ts'));
  declare(ROOT, sources, join(facet, 'dist', 'types'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'ES2023',
    module: 'NodeNext',
    lib: ['ES2023', 'DOM'],
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the declaration files', () => {
  it('are those of six entry points', () => expect(declared).toHaveLength(6));
  it('serve a strict program', () => expect(typeErrors(consumer)).toBe(''));
  it('refuse a wrong one', () => {
    const wrong = `${consumer.replace('@ts-expect-error a picture', '')}\nexport const text: string = values;`;
    expect(typeErrors(wrong)).toMatch(/TS2339: .*'depth'[\s\S]*TS2322: .*'string'/);
  });
});
