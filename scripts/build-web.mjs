// npm run build:web: the studio as a static folder, dist/web, that works from any host.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForBrowser } from './lib/browser-bundle.mjs';
import { contentSecurityPolicy, headers } from './lib/headers.mjs';
import { main } from './lib/main.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const studio = join(root, 'harness', 'web', 'studio');
const out = join(root, 'dist', 'web');

const ENTRIES = {
  main: 'harness/web/studio/main.tsx',
  worker: 'harness/web/studio/worker.ts',
};
/** Nets that the studio brings. */
const WEIGHTS = ['vgg19-slim.safetensors'];

await main(async () => {
  const esbuild = await import('esbuild');
  const { gzipped } = await bundleForBrowser(esbuild, root, ENTRIES, out);
  const page = readFileSync(join(studio, 'index.html'), 'utf8');
  // frame-ancestors has no meaning in a meta element.
  writeFileSync(join(out, 'index.html'), page.replace('%CSP%', contentSecurityPolicy({ framed: true })));
  copyFileSync(join(studio, 'icon.svg'), join(out, 'icon.svg'));
  mkdirSync(join(out, 'weights'), { recursive: true });
  for (const name of WEIGHTS) copyFileSync(join(root, 'weights', name), join(out, 'weights', name));
  copyFaceNets();
  writeFileSync(join(out, '_headers'), headersFile());
  rmSync(join(out, 'service-worker.js'), { force: true });
  await bundleServiceWorker(esbuild);
  console.log(`build:web: ${(gzipped / 1024).toFixed(0)} KiB of JavaScript, gzipped, in dist/web/`);
  return 0;
});

/** The face nets out of the package that brings them; a file that is not the one the studio will ask for is refused. */
function copyFaceNets() {
  const list = JSON.parse(readFileSync(join(root, 'harness', 'web', 'face-files.json'), 'utf8'));
  const from = join(dirname(createRequire(import.meta.url).resolve(`${list.package}/package.json`)), 'model');
  const to = join(out, 'weights', 'faces');
  mkdirSync(to, { recursive: true });
  for (const { file, sha256 } of Object.values(list.nets).flatMap(({ manifest, shard }) => [
    manifest,
    shard,
  ])) {
    const bytes = readFileSync(join(from, file));
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (actual !== sha256)
      throw new Error(`${file} of ${list.package}: sha-256 must be ${sha256}, is ${actual}`);
    writeFileSync(join(to, file), bytes);
  }
}

/**
 * The service worker knows all files, so it comes last; it is in no cache itself.
 * @param {typeof import('esbuild')} esbuild
 */
async function bundleServiceWorker(esbuild) {
  const names = readdirSync(out)
    .filter((name) => /\.(js|css|svg)$/.test(name))
    .sort();
  const hash = createHash('sha256');
  for (const name of ['index.html', ...names]) hash.update(name).update(readFileSync(join(out, name)));
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['harness/web/studio/service-worker.ts'],
    outfile: join(out, 'service-worker.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: ['chrome120', 'firefox128', 'safari18'],
    define: {
      FILES: JSON.stringify(['./', 'index.html', ...names]),
      VERSION: JSON.stringify(hash.digest('hex').slice(0, 16)),
    },
    logLevel: 'warning',
  });
}

/** The headers in the form that several static hosts read. */
function headersFile() {
  const lines = Object.entries(headers()).map(([name, value]) => `  ${name}: ${value}`);
  return `/*\n${lines.join('\n')}\n`;
}
