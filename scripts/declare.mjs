// Declaration files of what the package exports, made by tsc.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * Writes the declaration files of `sources` (paths from `root`) and of all that they import into `out`, as the
 * sources lie; what was in `out` is removed. Throws where tsc finds an error.
 * @param {string} root
 * @param {readonly string[]} sources
 * @param {string} out
 */
export function declare(root, sources, out) {
  // tsc takes its files from a configuration only, and the project's own one names the tests too. Packages of types
  // are looked up from where it lies.
  const folder = join(root, 'dist');
  const config = join(folder, `tsconfig.types.${process.pid}.json`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../tsconfig.json',
      compilerOptions: {
        declaration: true,
        emitDeclarationOnly: true,
        rootDir: '..',
        outDir: relative(folder, out),
      },
      files: sources.map((source) => `../${source}`),
      include: ['../shaders/*.d.ts'], // of a package that brings no types
    }),
  );
  try {
    rmSync(out, { recursive: true, force: true });
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const ended = spawnSync(process.execPath, [tsc, '-p', config], { cwd: root, stdio: 'inherit' });
    if (ended.status !== 0) throw new Error(`tsc ended with ${ended.signal ?? `status ${ended.status}`}`);
  } finally {
    rmSync(config);
  }
}
