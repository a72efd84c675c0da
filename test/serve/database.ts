// A PostgreSQL for tests: the server of this machine where it has one, else PGlite, which is PostgreSQL in WebAssembly.
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A database of its own; `restart` stops it at once and starts it again, undefined for PGlite. */
export interface TestDatabase {
  readonly kind: 'server' | 'PGlite';
  readonly url: string;
  readonly restart?: (mode: 'fast' | 'immediate', downMs: number) => Promise<void>;
  stop(): Promise<void>;
}

/** Folders in which Debian and others keep the server's programs. */
const PLACES = [
  ...(process.env.PATH ?? '').split(':'),
  ...[17, 16, 15, 14].map((version) => `/usr/lib/postgresql/${version}/bin`),
];

/** Where this machine has PostgreSQL's own server; FACET_TEST_POSTGRES=pglite says not to look. */
export function serverFolder(): string | undefined {
  if (process.env.FACET_TEST_POSTGRES === 'pglite') return undefined;
  return PLACES.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** A new folder in memory where the system has one: fsync on a busy disk would take most of the time. */
export function scratchFolder(): string {
  const memory = '/dev/shm';
  return mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'facet-serve-'));
}

/** The server's user, which may not be root. */
const NOBODY = 65534;

/** Starts a database in a folder of its own. */
export async function startDatabase(): Promise<TestDatabase> {
  const folder = serverFolder();
  return folder === undefined ? startPGlite() : startServer(folder);
}

async function startPGlite(): Promise<TestDatabase> {
  const { PGlite } = await import('@electric-sql/pglite');
  const { PGLiteSocketServer } = await import('@electric-sql/pglite-socket');
  const db = await PGlite.create();
  const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 16 });
  await server.start();
  const port = server.getServerConn().split(':').pop()!;
  return {
    kind: 'PGlite',
    url: `postgres://postgres:x@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop();
      await db.close();
    },
  };
}

async function startServer(programs: string): Promise<TestDatabase> {
  const folder = scratchFolder();
  const root = process.getuid?.() === 0;
  if (root) chownSync(folder, NOBODY, NOBODY);
  const who = { cwd: folder, ...(root ? { uid: NOBODY, gid: NOBODY } : {}) };
  const data = join(folder, 'data');
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N'], {
    ...who,
    stdio: 'pipe',
  });
  const port = await freePort();
  const settings = ['-h', '127.0.0.1', '-k', folder, '-p', String(port), '-c', 'fsync=off'];
  const launch = () =>
    spawn(join(programs, 'postgres'), ['-D', data, ...settings], { ...who, stdio: 'ignore' });
  let server = launch();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const end = async (signal: NodeJS.Signals) => {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await gone;
  };
  await answers(url);
  return {
    kind: 'server',
    url,
    async restart(mode, downMs) {
      await end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await sleep(downMs);
      server = launch();
      await answers(url);
    },
    async stop() {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const door = createServer();
  await new Promise<void>((ready) => door.listen(0, '127.0.0.1', ready));
  const address = door.address();
  await new Promise((closed) => door.close(closed));
  return typeof address === 'object' && address ? address.port : 0;
}

async function answers(url: string): Promise<void> {
  const { default: pg } = await import('pg');
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (tries > 200) throw error;
      await sleep(50);
    }
  }
}
