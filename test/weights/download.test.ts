import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from '../../src/platform/node-download.js';
import { type Behaviour, FileServer, noise } from './file-server.js';
import { failure } from './shared.js';

const content = noise(300_000);
const quick = { backoffMs: 1, retries: 3 };
let folder: string;
let server: FileServer;
let to: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-download-'));
  to = join(folder, 'file.bin');
  server = await FileServer.start(content);
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function behave(behaviour: Behaviour): void {
  server.behaviour = behaviour;
}

async function expectFile(): Promise<void> {
  expect(Buffer.compare(await readFile(to), content)).toBe(0);
  expect(existsSync(`${to}.part`)).toBe(false);
  expect(existsSync(`${to}.part.json`)).toBe(false);
}

describe('a whole file', () => {
  it('arrives with its hash and with progress to the last byte', async () => {
    const seen: number[] = [];
    const result = await download({
      url: server.url,
      to,
      sha256: server.sha256,
      onProgress: ({ received, total }) => {
        expect(total).toBe(content.length);
        seen.push(received);
      },
    });
    expect(result).toEqual({ bytes: content.length, sha256: server.sha256 });
    expect(seen.at(-1)).toBe(content.length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await expectFile();
  });

  it('goes on after a cut connection where it was', async () => {
    behave({ cuts: [100_000, 50_000] });
    await download({ ...quick, url: server.url, to, sha256: server.sha256 });
    await expectFile();
    expect(server.ranges).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
    expect(server.sent).toBe(content.length);
  });

  it('goes on in a later call', async () => {
    behave({ cuts: [120_000] });
    const message = await failure(download({ url: server.url, to, retries: 0 }));
    expect(message).toMatch(/gave up after 1 attempts; 120000 bytes are kept, run it again to go on/);
    expect((await stat(`${to}.part`)).size).toBe(120_000);
    let resumed = -1;
    await download({
      url: server.url,
      to,
      onProgress: (progress) => {
        resumed = progress.resumed;
      },
    });
    expect(resumed).toBe(120_000);
    expect(server.sent).toBe(content.length);
    await expectFile();
  });

  it('starts anew where the file has changed meanwhile', async () => {
    server.content = noise(200_000).reverse();
    behave({ cuts: [120_000] });
    await failure(download({ url: server.url, to, retries: 0 }));
    server.content = content;
    await download({ url: server.url, to });
    expect(server.ranges.at(-1)).toBe('bytes=120000-');
    await expectFile();
  });

  it('goes on without validator only where a hash will tell', async () => {
    behave({ cuts: [120_000], etag: null });
    await failure(download({ url: server.url, to, retries: 0 }));
    await download({ url: server.url, to, sha256: server.sha256 });
    expect(server.ranges.at(-1)).toBe('bytes=120000-');
    await expectFile();
    await rm(to);
    behave({ cuts: [120_000], etag: null });
    await download({ ...quick, url: server.url, to });
    expect(server.ranges.slice(-2)).toEqual([undefined, undefined]);
    await expectFile();
  });

  it('is taken up when it was complete but for the move', async () => {
    behave({ cuts: [content.length - 1] });
    await failure(download({ url: server.url, to, retries: 0 }));
    await writeFile(`${to}.part`, content);
    await download({ url: server.url, to });
    expect(server.sent).toBe(content.length - 1);
    await expectFile();
  });

  it('is fetched anew where more is here than the server has', async () => {
    behave({ cuts: [120_000] });
    await failure(download({ url: server.url, to, retries: 0 }));
    await truncate(`${to}.part`, content.length + 7);
    await download({ ...quick, url: server.url, to });
    await expectFile();
  });

  it('comes from a server that ignores ranges', async () => {
    behave({ cuts: [100_000], ranges: false });
    await download({ ...quick, url: server.url, to, sha256: server.sha256 });
    await expectFile();
    expect(server.sent).toBe(100_000 + content.length);
  });

  it('comes without a length, and a cut is noticed there too', async () => {
    behave({ chunked: true, cuts: [100_000] });
    await download({ ...quick, url: server.url, to });
    await expectFile();
  });

  it('comes over a line that stalls', async () => {
    behave({ stalls: [100_000] });
    await download({ ...quick, url: server.url, to, stallMs: 100 });
    await expectFile();
    expect(server.ranges).toEqual([undefined, 'bytes=100000-']);
  });

  it('comes after answers that pass', async () => {
    behave({ statuses: [503, 429] });
    await download({ ...quick, url: server.url, to });
    await expectFile();
  });

  it('follows a redirect, and reads the hash stated there', async () => {
    const moved = server.url.replace('/file', '/moved');
    behave({ redirect: '/file', redirectHeaders: { 'x-linked-etag': `"${server.sha256}"` } });
    await download({ url: moved, to, sha256: server.sha256 });
    await expectFile();
    const other = '0'.repeat(64);
    const message = await failure(download({ url: moved, to, sha256: other }));
    expect(message).toContain(`sha-256 must be ${other}, the server states ${server.sha256}`);
    // What was there before stays.
    await expectFile();
  });
});

describe('failures', () => {
  it('a wrong hash names both and removes what came', async () => {
    const sha256 = 'a'.repeat(64);
    const message = await failure(download({ url: server.url, to, sha256 }));
    expect(message).toContain(`sha-256 must be ${sha256}, is ${server.sha256}`);
    expect(existsSync(to)).toBe(false);
    expect(existsSync(`${to}.part`)).toBe(false);
  });

  it('404 is told at once', async () => {
    const message = await failure(download({ ...quick, url: `${server.url}x`, to }));
    expect(message).toContain('the server answered 404 Not Found');
    expect(server.ranges).toHaveLength(1);
  });

  it('an unknown host is told at once', async () => {
    // RFC 2606 keeps .invalid free for ever.
    const message = await failure(download({ url: 'https://weights.invalid/file', to, retries: 0 }));
    expect(message).toMatch(/weights\.invalid.*(DNS: ENOTFOUND|EAI_AGAIN)/);
  });

  it('a closed port is told after the retries', async () => {
    const { url } = server;
    await server.stop();
    const message = await failure(download({ ...quick, url, to }));
    expect(message).toMatch(/ECONNREFUSED.*gave up after 4 attempts/);
  });

  it('plain http stays on this machine, after a redirect too', async () => {
    const remote = await failure(download({ url: 'http://example.org/file', to }));
    expect(remote).toContain('over https only');
    behave({ redirect: 'http://example.org/file' });
    const moved = await failure(download({ url: server.url.replace('/file', '/moved'), to }));
    expect(moved).toBe('http://example.org/file: weights are fetched over https only');
    expect(await failure(download({ url: 'file:///etc/passwd', to }))).toContain('over https only');
    expect(await failure(download({ url: 'nonsense', to }))).toContain('over https only');
  });

  it('a circle of redirects ends', async () => {
    behave({ redirect: '/moved' });
    expect(await failure(download({ url: server.url.replace('/file', '/moved'), to }))).toContain(
      'more than 8 redirects',
    );
  });

  it('an abort throws its reason and keeps what came', async () => {
    behave({ stalls: [100_000] });
    const stop = new AbortController();
    const reason = new Error('enough');
    const running = download({
      url: server.url,
      to,
      signal: stop.signal,
      onProgress: ({ received }) => {
        if (received === 100_000) stop.abort(reason);
      },
    });
    await expect(running).rejects.toBe(reason);
    expect((await stat(`${to}.part`)).size).toBe(100_000);
    behave({});
    await download({ url: server.url, to });
    expect(server.sent).toBe(content.length);
    await expectFile();
  });

  it.skipIf(!existsSync('/dev/full'))('a full disk is told as one, and the rest can follow', async () => {
    // Linux' /dev/full refuses every write with the error of a full disk.
    await symlink('/dev/full', `${to}.part`);
    const message = await failure(download({ url: server.url, to }));
    expect(message).toBe(`${to}.part: after 0 bytes: the disk is full (ENOSPC); make room and run it again`);
    expect(existsSync(to)).toBe(false);
    await rm(`${to}.part`);
    await download({ url: server.url, to });
    await expectFile();
  });

  it('a file larger than the disk is refused before it travels', async () => {
    // A server that announces 2^52 bytes.
    const liar = createServer((_, response) => {
      response.writeHead(200, { 'content-length': String(2 ** 52) });
      response.write('x');
    });
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    const { port } = liar.address() as { port: number };
    const message = await failure(download({ url: `http://127.0.0.1:${port}/`, to }));
    expect(message).toMatch(/the disk is full: 4503599627370496 bytes are to come, \d+ are free/);
    liar.closeAllConnections();
    liar.close();
  });

  it('a folder that cannot be made is told', async () => {
    await writeFile(join(folder, 'plain'), '');
    const message = await failure(download({ url: server.url, to: join(folder, 'plain', 'x', 'file') }));
    expect(message).toContain('ENOTDIR');
  });
});
