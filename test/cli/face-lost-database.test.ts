// `facet face enroll` into PostgreSQL whose server goes away for good in mid-enrolment: one line, exit code 2, and what was
// acknowledged is there.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hash32 } from '../../src/base/random.js';
import { facet, ownLines } from './facet.js';

/** One more than the command enrols in one transaction. */
const PICTURES = 17;

let folder: string;
let db: PGlite;
let server: PGLiteSocketServer;
let door: Server;
let inserts = 0;

const portOf = (at: Server) => (at.address() as AddressInfo).port;
const enroll = (port: number | string) =>
  facet(
    [
      'face',
      'enroll',
      'people',
      '--aligned',
      '--db',
      `postgres://postgres:s3cret@127.0.0.1:${port}/postgres`,
    ],
    { cwd: folder },
  );

/** A way to the database that closes when samples are inserted for the second time. */
async function openDoor(behind: number): Promise<Server> {
  const opened = createServer((socket) => {
    const inner = connect(behind, '127.0.0.1');
    const end = () => {
      socket.destroy();
      inner.destroy();
    };
    for (const side of [socket, inner]) side.on('error', end).on('close', end);
    inner.pipe(socket);
    socket.on('data', (data) => {
      if (data.includes('insert into "facet".sample') && ++inserts === 2) {
        opened.close();
        end();
      } else inner.write(data);
    });
  });
  await new Promise<void>((ready) => opened.listen(0, '127.0.0.1', ready));
  return opened;
}

// WebAssembly takes its time on a busy machine.
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-lost-'));
  mkdirSync(join(folder, 'people', 'Ada'), { recursive: true });
  const raw = { width: 150, height: 150, channels: 3 as const };
  for (let i = 0; i < PICTURES; i++) {
    const noise = Buffer.from(
      Uint8Array.from({ length: 150 * 150 * 3 }, (_, at) => hash32(i, at >> 6) & 255),
    );
    await sharp(noise, { raw })
      .png()
      .toFile(join(folder, 'people', 'Ada', `${i}.png`));
  }
  db = await PGlite.create({ extensions: { vector } });
  server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 8 });
  await server.start();
  door = await openDoor(Number(server.getServerConn().split(':').pop()));
}, 300_000);
afterAll(async () => {
  door?.close();
  await server?.stop();
  await db?.close();
  rmSync(folder, { recursive: true, force: true });
});

it('says so in one line and has lost nothing that was acknowledged', { timeout: 300_000 }, async () => {
  const port = portOf(door);
  const lost = await enroll(port);
  expect(lost.code, lost.stderr).toBe(2);
  expect(ownLines(lost.stderr)).toEqual([
    `facet: postgresql://127.0.0.1:${port}/postgres: no server answers there (connection refused)`,
  ]);
  const acknowledged = lost.stdout.split('\n').filter((line) => line.startsWith('enrolled Ada'));
  expect(acknowledged).toHaveLength(PICTURES - 1);
  expect(lost.stdout).toContain('16 enrolled, 0 there already, 0 refused');
  const { rows } = await db.query<{ id: string }>('select id from facet.sample order by seq');
  expect(rows.map(({ id }) => id)).toEqual(acknowledged.map((line) => line.split(/\s+/).at(-1)));
  // Run again with the server back, it enrols the rest.
  const again = await enroll(server.getServerConn().split(':').pop()!);
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain('1 enrolled, 16 there already, 0 refused');
});
