// npm test: sets the clone up, runs vitest with the arguments given, and ends with the line
// `N passed, N failed, N skipped`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countTests, exitStatus, lastLine } from './lib/count.mjs';
import { main } from './lib/main.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * vitest's report, or undefined where it ended before it wrote one.
 * @param {string} file
 * @returns {import('./lib/count.mjs').TestReport | undefined}
 */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

await main(async () => {
  const { setUp } = await import('./lib/setup.mjs');
  await setUp(root);
  const { follow } = await import('./lib/run.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'facet-test-'));
  try {
    const file = join(folder, 'report.json');
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const status = await follow(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], {
      cwd: root,
    });
    const counts = countTests(readReport(file), status);
    if (status !== 0) console.log(`vitest ended with status ${status}`);
    console.log(lastLine(counts));
    return exitStatus(counts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
