// `facet studio`: serves the built studio to this machine alone.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Command } from 'commander';
import { Hono } from 'hono';
import { headers } from '../../scripts/lib/headers.mjs';
import { InputError } from '../../src/base/errors.js';
import { packageRoot } from '../../src/platform/node-paths.js';
import { wholeNumber } from './arguments.js';

/** The server of a folder that `npm run build:web` made. */
export function studioApp(folder: string): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers())) c.header(name, value);
  });
  app.get('*', serveStatic({ root: folder }));
  return app;
}

/** The sub-command `studio`. */
export function studioCommand(): Command {
  return new Command('studio')
    .description('serve the studio (style transfer in the browser) to this machine, until Ctrl-C')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber('--port'), 4173)
    .action(async ({ port }: { port: number }) => {
      const folder = join(packageRoot(import.meta.url), 'dist', 'web');
      if (!existsSync(join(folder, 'index.html')))
        throw new InputError(`${folder} has no studio yet: npm run build:web makes it`);
      if (port < 0 || port > 65535) throw new InputError(`--port must be in 0..65535, got ${port}`);
      await listen(studioApp(folder), port);
    });
}

/** Serves until the process ends. InputError where the port is taken. */
function listen(app: Hono, port: number): Promise<void> {
  return new Promise((_resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (info) => {
      process.stdout.write(`Facet Studio: http://127.0.0.1:${info.port}/ (Ctrl-C ends it)\n`);
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'is taken; choose another --port' : `failed: ${error.message}`;
      reject(new InputError(`port ${port} ${reason}`, { cause: error }));
    });
  });
}
