// A place without the repository: an empty home, an environment of its own, and watched folders.
import { lstatSync, readdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The environment of a user who has just come: nothing of Facet's, of npm's or of Node's, and `home` for a home. What
 * chooses a Vulkan driver stays, since that is the machine's; so does Mesa's cache of shaders, without which most of the
 * time would go into compiling kernels that any earlier run has compiled.
 * @param {string} home
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function newcomer(home, env = process.env) {
  const kept = Object.entries(env).filter(([name]) => !/^(FACET_|XDG_|NODE_|npm_|INIT_CWD$)/i.test(name));
  const shaders = env.MESA_SHADER_CACHE_DIR ?? join(homedir(), '.cache');
  return { ...Object.fromEntries(kept), HOME: home, USERPROFILE: home, MESA_SHADER_CACHE_DIR: shaders };
}

/**
 * All files below `folder`, as `path size time`, sorted: two of the same folder tell whether anything was written.
 * @param {string} folder
 * @returns {string[]}
 */
export function snapshot(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((path) => {
      const { size, mtimeMs } = lstatSync(join(folder, path));
      return `${path} ${size} ${mtimeMs}`;
    });
}

/**
 * Makes every folder and file below `folder` read-only, or writable for its owner again.
 * @param {string} folder
 * @param {boolean} writable
 */
export async function setWritable(folder, writable) {
  const paths = ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })];
  for (const path of paths) {
    const file = join(folder, path);
    const { mode } = lstatSync(file);
    if (lstatSync(file).isSymbolicLink()) continue;
    await chmod(file, writable ? mode | 0o200 : mode & ~0o222);
  }
}
