// Bundles the entry points into dist/ with esbuild; `--types` also writes the declaration files, which takes longer.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { declare } from './declare.mjs';
import { bundleForBrowser } from './lib/browser-bundle.mjs';
import { main } from './lib/main.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Name in dist/ and source of every bundle. */
const ENTRIES = {
  index: 'src/index.ts',
  style: 'src/style/index.ts',
  faces: 'src/faces/index.ts',
  training: 'src/training/index.ts',
  node: 'harness/node/index.ts',
  cli: 'harness/cli/cli.ts',
};

/** The same for pages, in dist/browser/, with all that they import. */
const BROWSER_ENTRIES = { facet: 'harness/web/index.ts', worker: 'harness/web/worker/worker.ts' };

/**
 * esbuild, or undefined where the development packages were left out.
 * @returns {Promise<typeof import('esbuild') | undefined>}
 */
async function loadEsbuild() {
  try {
    return await import('esbuild');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * One build of all entry points: what they share becomes shared chunks.
 * @param {typeof import('esbuild')} esbuild
 */
async function bundle(esbuild) {
  const missing = Object.values(ENTRIES).filter((source) => !existsSync(join(root, source)));
  for (const source of missing) console.log(`build: ${source} does not exist and is left out`);
  const present = Object.entries(ENTRIES).filter(([, source]) => !missing.includes(source));
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: present.map(([out, source]) => ({ in: source, out })),
    outdir: dist,
    bundle: true,
    splitting: true,
    chunkNames: 'chunk-[hash]',
    format: 'esm',
    platform: 'node', // for all: below harness/ only platform/node*.ts may name Node's modules, as a test checks
    target: 'es2023',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    write: false,
    logLevel: 'warning',
  });
  mkdirSync(dist, { recursive: true });
  // Chunks before the entry points that name them, each moved into place whole: a run that starts meanwhile reads
  // either the old bundle or the new one.
  const isEntry = (/** @type {string} */ path) => Number(basename(path).split('.')[0] in ENTRIES);
  const files = result.outputFiles.toSorted((a, b) => isEntry(a.path) - isEntry(b.path));
  for (const file of files) {
    const temporary = `${file.path}.${process.pid}.tmp`;
    writeFileSync(temporary, file.contents);
    renameSync(temporary, file.path);
  }
  const kept = new Set(files.map((file) => basename(file.path)));
  for (const name of readdirSync(dist)) {
    if (/\.js(\.map)?$/.test(name) && !kept.has(name)) rmSync(join(dist, name));
  }
  const bytes = files
    .filter((file) => file.path.endsWith('.js'))
    .reduce((sum, file) => sum + file.contents.length, 0);
  console.log(
    `build: ${present.length} entry points, ${(bytes / 1024).toFixed(0)} KiB of JavaScript in dist/`,
  );
}

await main(async () => {
  const esbuild = await loadEsbuild();
  if (!esbuild) {
    console.log(
      'build: esbuild is not installed (development packages were left out), so dist/ stays as it is',
    );
    return 0;
  }
  // The stamp carries the time at which reading began: a source changed meanwhile makes it stale.
  const started = new Date();
  await bundle(esbuild);
  const browser = await bundleForBrowser(esbuild, root, BROWSER_ENTRIES, join(dist, 'browser'));
  console.log(
    `build: ${(browser.gzipped / 1024).toFixed(0)} KiB of JavaScript for pages in dist/browser/, gzipped`,
  );
  if (process.argv.includes('--types')) {
    const exported = Object.entries(ENTRIES).filter(
      ([out, source]) => out !== 'cli' && existsSync(join(root, source)),
    );
    declare(root, [...exported.map(([, source]) => source), BROWSER_ENTRIES.facet], join(dist, 'types'));
    console.log('build: declaration files in dist/types/');
  }
  const stamp = join(dist, '.built');
  writeFileSync(stamp, '');
  utimesSync(stamp, started, started);
  return 0;
});
