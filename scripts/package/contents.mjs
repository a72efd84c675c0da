// Rules on what is in the published package. They read no disk: the files and their texts are given.
import { posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ALLOWED, BUDGET, REQUIRED } from './budget.mjs';

/**
 * @typedef {{ path: string, size: number }} PackedFile
 * @typedef {{ exports: Record<string, unknown>, bin: Record<string, string> }} Manifest
 * @typedef {{ packed: number, unpacked: number, entries: Record<string, number> }} Sizes in bytes
 */

/**
 * Files that nothing allows, and files that are missing.
 * @param {Manifest} manifest
 * @param {readonly PackedFile[]} files
 * @returns {string[]} problems, one line each
 */
export function fileProblems(manifest, files) {
  const paths = new Set(files.map(({ path }) => path));
  const strangers = [...paths].filter((path) => !ALLOWED.some((rule) => rule.files.test(path)));
  const needed = [...targetsOf(manifest.exports), ...Object.values(manifest.bin)].map(posix.normalize);
  const missing = [...new Set([...REQUIRED, ...needed])].filter((path) => !paths.has(path));
  const empty = files.filter(({ size }) => size === 0);
  return [
    ...strangers.map((path) => `${path} is packed, but no rule of scripts/package/budget.mjs allows it`),
    ...missing.map((path) => `${path} is missing`),
    ...empty.map(({ path }) => `${path} is empty`),
  ];
}

/**
 * The files that `exports` leads to, under all conditions.
 * @param {unknown} exported
 * @returns {string[]}
 */
export function targetsOf(exported) {
  if (typeof exported === 'string') return [exported];
  if (exported === null || typeof exported !== 'object') return [];
  return Object.values(exported).flatMap(targetsOf);
}

/**
 * Links and pictures of the README at `path` whose files are not in the package.
 * @param {string} path
 * @param {string} text
 * @param {readonly PackedFile[]} files
 * @returns {string[]} problems, one line each
 */
export function linkProblems(path, text, files) {
  const paths = files.map((file) => file.path);
  const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => posix.join(posix.dirname(path), link))
    .filter((target) => !paths.some((file) => file === target || file.startsWith(`${target}/`)))
    .map((target) => `${path} links to ${target}, which is not packed`);
}

/**
 * Bytes, gzipped, of what an entry point loads at once: itself and all that static imports lead to.
 * @param {string} entry
 * @param {(path: string) => Uint8Array} read
 * @returns {number}
 */
export function loadedAtOnce(entry, read) {
  const seen = new Map();
  const visit = (/** @type {string} */ path) => {
    if (seen.has(path)) return;
    const bytes = read(path);
    seen.set(path, gzipSync(bytes, { level: 9 }).length);
    const text = Buffer.from(bytes).toString('utf8');
    // As esbuild writes them; `import(` is a dynamic one.
    for (const [, target = ''] of text.matchAll(/\b(?:from|import)\s*["'](\.{1,2}\/[^"']+)["']/g))
      visit(posix.join(posix.dirname(path), target));
  };
  visit(entry);
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * What is larger than the budget.
 * @param {Sizes} sizes
 * @param {Sizes} [budget]
 * @returns {string[]} problems, one line each
 */
export function sizeProblems(sizes, budget = BUDGET) {
  const rows = [
    ['the tarball', sizes.packed, budget.packed],
    ['the package, unpacked,', sizes.unpacked, budget.unpacked],
    ...Object.entries(budget.entries).map(([entry, limit]) => [entry, sizes.entries[entry], limit]),
  ];
  return rows.flatMap(([name, size, limit]) =>
    Number(size) <= Number(limit) ? [] : [`${name} has ${size} bytes, of at most ${limit}`],
  );
}
