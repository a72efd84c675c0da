// npm pack, and what is in the tarball.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, npmErrors, run } from '../lib/run.mjs';
import { loadedAtOnce } from './contents.mjs';

/**
 * @typedef {object} Tarball
 * @property {string} path
 * @property {number} packed bytes
 * @property {number} unpacked bytes
 * @property {import('./contents.mjs').PackedFile[]} files
 */

/**
 * Builds and packs the package at `root` into `folder`.
 * @param {string} root
 * @param {string} folder
 * @returns {Promise<Tarball>}
 */
export async function pack(root, folder) {
  mkdirSync(folder, { recursive: true });
  // What the build prints would stand before the JSON.
  const report = JSON.parse(
    await npm(['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder], { cwd: root }),
  );
  const [{ filename, size, unpackedSize, files }] = Array.isArray(report) ? report : Object.values(report);
  return { path: join(folder, filename), packed: size, unpacked: unpackedSize, files };
}

/**
 * Its sizes, as `sizeProblems` takes them; the bundles are read from `root`, where they were packed from.
 * @param {Tarball} tarball
 * @param {string} root
 * @param {readonly string[]} entries
 * @returns {import('./contents.mjs').Sizes}
 */
export function sizesOf({ packed, unpacked }, root, entries) {
  const read = (/** @type {string} */ path) => readFileSync(join(root, path));
  return {
    packed,
    unpacked,
    entries: Object.fromEntries(entries.map((entry) => [entry, loadedAtOnce(entry, read)])),
  };
}

/**
 * Runs npm and gives what it prints; an error that says what went wrong.
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>}
 */
export async function npm(args, options = {}) {
  const [command = 'npm', ...first] = npmCommand();
  const ended = await run(command, [...first, ...args], options);
  if (!ended.ok) throw new Error(`npm ${args[0]}: ${ended.how}\n${npmErrors(ended.output)}`);
  return ended.stdout;
}
