// npm start: sets the clone up and paints the first picture.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from './lib/main.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await main(async () => {
  const { setUp } = await import('./lib/setup.mjs');
  await setUp(root);
  const args = [join(root, 'bin', 'facet.mjs'), 'demo', ...process.argv.slice(2)];
  const { follow } = await import('./lib/run.mjs');
  return follow(process.execPath, args);
});
