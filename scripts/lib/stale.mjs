// What is out of date: installed packages against the lock file, built bundles against their sources.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The time of the newest change among files and, recursively, folders, in ms; a folder's own time counts too, so
 * that a removed file is seen. 0 where nothing exists.
 * @param {readonly string[]} paths
 * @returns {number}
 */
export function newestChange(paths) {
  let newest = 0;
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) continue;
    newest = Math.max(newest, stat.mtimeMs);
    if (stat.isDirectory())
      newest = Math.max(newest, newestChange(readdirSync(path).map((name) => join(path, name))));
  }
  return newest;
}

/**
 * Whether `output` is missing or older than any of `inputs`.
 * @param {string} output
 * @param {readonly string[]} inputs
 * @returns {boolean}
 */
export function isStale(output, inputs) {
  const stat = statSync(output, { throwIfNoEntry: false });
  return !stat || stat.mtimeMs < newestChange(inputs);
}

/**
 * @typedef {{ version?: string, optional?: boolean, link?: boolean }} LockedPackage
 * @typedef {{ packages?: Record<string, LockedPackage> }} Lock
 */

/**
 * The first package that `lock` asks for and `installed` (npm's record of node_modules) lacks or has in another
 * version, told in a few words; undefined where all match. Optional packages, made for other systems, may be absent.
 *
 * Contents are compared, not times: `npm install` writes the lock file last, a copy or checkout writes in any order.
 * @param {Lock} lock
 * @param {Lock} installed
 * @returns {string | undefined}
 */
export function lockMismatch(lock, installed) {
  for (const [path, wanted] of Object.entries(lock.packages ?? {})) {
    if (path === '' || wanted.link) continue;
    const present = installed.packages?.[path];
    const name = path.replace(/^.*node_modules\//, '');
    if (!present) {
      if (!wanted.optional) return `${name} is not installed`;
    } else if (present.version !== wanted.version) {
      return `${name} is ${present.version}, not ${wanted.version}`;
    }
  }
  return undefined;
}

/**
 * Why `npm ci` must run in the clone at `root`, or undefined where node_modules is as the lock file says.
 * @param {string} root
 * @returns {string | undefined}
 */
export function packagesComplaint(root) {
  let installed;
  try {
    installed = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'));
  } catch {
    return 'node_modules is missing or incomplete'; // npm writes this record last
  }
  return lockMismatch(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')), installed);
}
