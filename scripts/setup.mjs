// npm run setup: makes the clone ready to run, and nothing more.
import { fileURLToPath } from 'node:url';
import { main } from './lib/main.mjs';

await main(async () => {
  const { setUp } = await import('./lib/setup.mjs');
  await setUp(fileURLToPath(new URL('..', import.meta.url)));
  return 0;
});
