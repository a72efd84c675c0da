#!/usr/bin/env node
// The command `facet`: checks Node, prepares Vulkan, builds in a clone where that is due, and starts dist/cli.js.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { applyEnvironment, isClone, readEnvironment } from '../scripts/lib/environment.mjs';
import { nodeComplaint } from '../scripts/lib/versions.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = join(root, 'dist', 'cli.js');

async function prepare() {
  const complaint = nodeComplaint(process.version);
  if (complaint) throw new Error(complaint);
  if (isClone(root)) {
    if (!existsSync(join(root, 'node_modules')))
      throw new Error('the packages are not installed yet: run npm ci in the clone');
    const { buildIfStale } = await import('../scripts/lib/setup.mjs');
    await buildIfStale(root);
  }
  if (!existsSync(cli))
    throw new Error(`${cli} is missing: run npm ci with the development packages, which builds it`);
  applyEnvironment(readEnvironment(root));
}

try {
  await prepare();
} catch (error) {
  console.error(`facet: ${error instanceof Error ? error.message : error}`);
  // Of `facet face` 1 is an answer.
  process.exit(process.argv[2] === 'face' ? 3 : 1);
}
await import(pathToFileURL(cli).href);
