// npm run check:package: packs Facet and checks the tarball: what is in it, what two linters say of it, how large it is,
// and, unless --contents is given, that it works where there is no repository.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from './lib/main.mjs';
import { step } from './lib/say.mjs';
import { BUDGET } from './package/budget.mjs';
import { fileProblems, linkProblems, sizeProblems } from './package/contents.mjs';
import { publintProblems, typeProblems } from './package/lint.mjs';
import { pack, sizesOf } from './package/tarball.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await main(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'facet-package-'));
  try {
    const tarball = await step('npm pack', () => pack(root, folder), describe);
    const sizes = sizesOf(tarball, root, Object.keys(BUDGET.entries));
    console.log(table(sizes));
    const problems = await step(
      'contents, publint, are-the-types-wrong',
      () => contents(tarball, sizes),
      count,
    );
    for (const problem of problems) console.error(`  ${problem}`);
    if (problems.length > 0) return 1;
    if (process.argv.includes('--contents')) return 0;
    const { checkInstalled } = await import('./package/installed.mjs');
    await checkInstalled(tarball.path, root, folder);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * @param {import('./package/tarball.mjs').Tarball} tarball
 * @param {import('./package/contents.mjs').Sizes} sizes
 */
async function contents(tarball, sizes) {
  const bytes = new Uint8Array(readFileSync(tarball.path));
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const readmes = ['README.md', 'README.zh-CN.md'];
  return [
    ...fileProblems(manifest, tarball.files),
    ...readmes.flatMap((path) => linkProblems(path, readFileSync(join(root, path), 'utf8'), tarball.files)),
    ...sizeProblems(sizes),
    ...(await publintProblems(bytes)),
    ...(await typeProblems(bytes)),
  ];
}

/** @param {import('./package/tarball.mjs').Tarball} tarball */
function describe({ files, packed, unpacked }) {
  return `${files.length} files, ${megabytes(packed)}, ${megabytes(unpacked)} unpacked`;
}

/** @param {readonly string[]} problems */
function count(problems) {
  return problems.length === 0 ? 'nothing found' : `${problems.length} found`;
}

/** @param {import('./package/contents.mjs').Sizes} sizes */
function table({ entries }) {
  return Object.entries(BUDGET.entries)
    .map(([entry, limit]) => {
      const size = ((entries[entry] ?? 0) / 1000).toFixed(0).padStart(4);
      return `  ${entry.padEnd(24)} ${size} kB gzipped, of at most ${limit / 1000}`;
    })
    .join('\n');
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
