// What goes wrong with TLS on the way to PostgreSQL is told in one line, without the password.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGalleryDatabase } from '../../../harness/node/gallery/postgres-store.js';
import { InputError } from '../../../src/base/errors.js';

let folder: string;
let servers: Server[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facet-tls-'));
});
afterAll(() => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(folder, { recursive: true, force: true });
});

/** The port of a server that answers the request for TLS with `letter` and then does `next`. */
async function answering(letter: string, next: (socket: Socket) => void = () => {}): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.write(letter);
      next(socket);
    });
  });
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return (server.address() as AddressInfo).port;
}

async function refusal(port: number, query: string): Promise<string> {
  const error: unknown = await openGalleryDatabase(
    `postgres://user:s3cret@localhost:${port}/db?${query}`,
  ).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toMatch(/s3cret|\n/);
  return message;
}

it('a server without TLS', async () => {
  expect(await refusal(await answering('N'), 'sslmode=verify-full')).toMatch(
    /^postgresql:\/\/localhost:\d+\/db: the server does not speak TLS, which the address asks for/,
  );
});

it('a server that answers the request for TLS with nonsense', async () => {
  expect(await refusal(await answering('E'), 'sslmode=verify-full')).toMatch(/: TLS with the server failed$/);
});

it('a file of an authority that is missing or none', async () => {
  const missing = join(folder, 'no.pem');
  expect(await refusal(9, `sslmode=verify-full&sslrootcert=${missing}`)).toBe(
    `${missing}: does not exist; the address names it for TLS`,
  );
});

/** OpenSSL's command makes the certificates; where it is missing these are skipped. */
const openssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Options of a certificate for `host` that signs itself, and its file. */
function certificate(host: string): { key: Buffer; cert: Buffer; file: string } {
  const [key, file] = [join(folder, `${host}.key`), join(folder, `${host}.pem`)];
  execFileSync(
    'openssl',
    // biome-ignore format: one command line
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-keyout', key, '-out', file],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key), cert: readFileSync(file), file };
}

describe.skipIf(!openssl)('a certificate', () => {
  const secured = (host: string) => {
    const { key, cert, file } = certificate(host);
    const shake = (socket: Socket) => {
      new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => socket.destroy());
    };
    return { shake, file };
  };

  it('that nobody known signed', async () => {
    const { shake } = secured('localhost');
    expect(await refusal(await answering('S', shake), 'sslmode=verify-full')).toMatch(
      /: the server's certificate is signed by nobody known here \(DEPTH_ZERO_SELF_SIGNED_CERT\); sslrootcert=FILE /,
    );
  });

  it('of another host', async () => {
    const { shake, file } = secured('elsewhere.example');
    const port = await answering('S', shake);
    expect(await refusal(port, `sslmode=verify-full&sslrootcert=${file}`)).toMatch(
      /: the server's certificate is for another host \(.*elsewhere\.example/,
    );
  });

  it('of an authority whose file is none', async () => {
    const { shake } = secured('localhost');
    const file = join(folder, 'text.pem');
    writeFileSync(file, '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n');
    const port = await answering('S', shake);
    expect(await refusal(port, `sslmode=verify-full&sslrootcert=${file}`)).toMatch(/TLS|certificate/);
  });
});
