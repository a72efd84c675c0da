// npm run docs: the reference of all exports in dist/api, by TypeDoc. It fails where an export has no sentence, where a
// type that one names is not exported, and where a link leads nowhere; --check writes nothing.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from './lib/main.mjs';
import { follow } from './lib/run.mjs';
import { step } from './lib/say.mjs';
import { npm } from './package/tarball.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'scripts', 'docs');
// A folder of its own: TypeDoc needs another TypeScript beside it than the one that compiles Facet.
const tools = join(root, 'node_modules', '.cache', 'facet-docs');

await main(async () => {
  if (!installed()) await step('installing TypeDoc', install);
  const typedoc = join(tools, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const mode = process.argv.includes('--check') ? ['--emit', 'none'] : [];
  return follow(process.execPath, [typedoc, '--options', join(source, 'typedoc.json'), ...mode], {
    cwd: root,
  });
});

/** Whether the tools are those of the lock file. */
function installed() {
  const kept = join(tools, 'package-lock.json');
  const done = join(tools, 'node_modules', '.package-lock.json');
  if (!existsSync(kept) || !existsSync(done)) return false;
  return readFileSync(kept, 'utf8') === readFileSync(join(source, 'package-lock.json'), 'utf8');
}

async function install() {
  mkdirSync(tools, { recursive: true });
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(source, name), join(tools, name));
  await npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: tools });
}
