// Runs once before all test files: the command and the examples are tested as bundled.
import { fileURLToPath } from 'node:url';
import { buildIfStale } from '../../scripts/lib/setup.mjs';

export default async function setup(): Promise<void> {
  await buildIfStale(fileURLToPath(new URL('../..', import.meta.url)));
}
