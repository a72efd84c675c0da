// Bundles for pages: everything inside, minified, in chunks that entry points share.
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * zod brings its messages in sixty languages, half of what a page would load; Facet writes its own, and takes English.
 * @type {import('esbuild').Plugin}
 */
const englishMessages = {
  name: 'english-messages',
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/**
 * Bundles `entries` (names in `out`, sources from `root`) and replaces what was bundled there before.
 * @param {typeof import('esbuild')} esbuild
 * @param {string} root
 * @param {Record<string, string>} entries
 * @param {string} out
 * @param {import('esbuild').BuildOptions} [more]
 * @returns {Promise<{ files: Map<string, Uint8Array>, gzipped: number }>} by name, and the sum of their sizes when gzipped
 */
export async function bundleForBrowser(esbuild, root, entries, out, more = {}) {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([name, source]) => ({ in: source, out: name })),
    outdir: out,
    bundle: true,
    splitting: true,
    chunkNames: 'chunk-[hash]',
    format: 'esm',
    platform: 'browser',
    target: ['chrome120', 'firefox128', 'safari18'],
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    write: false,
    logLevel: 'warning',
    plugins: [englishMessages],
    ...more,
  });
  mkdirSync(out, { recursive: true });
  const files = new Map((result.outputFiles ?? []).map((file) => [basename(file.path), file.contents]));
  const names = [...files.keys()].sort((a, b) => Number(isEntry(a, entries)) - Number(isEntry(b, entries)));
  // Chunks before the entry points that name them, each moved into place whole.
  for (const name of names) {
    const path = join(out, name);
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, /** @type {Uint8Array} */ (files.get(name)));
    renameSync(temporary, path);
  }
  for (const name of readdirSync(out)) {
    if (/\.(js|css)(\.map)?$/.test(name) && !files.has(name)) rmSync(join(out, name));
  }
  const scripts = [...files].filter(([name]) => name.endsWith('.js'));
  const gzipped = scripts.reduce((sum, [, contents]) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return { files, gzipped };
}

/**
 * @param {string} name
 * @param {Record<string, string>} entries
 */
function isEntry(name, entries) {
  return name.replace(/\.\w+$/, '') in entries;
}
