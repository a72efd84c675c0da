// Files of a page: PNGs that sharp reads back to the bit, downloads with hash, progress and cache.
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture as readInNode } from '../../harness/node/pictures.js';
import { fromPixels, toPixels } from '../../harness/web/pictures.js';
import { encodePng } from '../../harness/web/png.js';
import { WeightsError } from '../../src/base/errors.js';
import { rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import { browserVersion } from '../../src/platform/browser.js';
import { fetchFile } from '../../src/platform/browser-download.js';

describe('PNG', () => {
  it.each([8, 16] as const)('of %i bits comes back from sharp, with and without alpha', async (bits) => {
    const top = 2 ** bits - 1;
    const sample = (i: number) => Math.floor(uniform(7, i) * (top + 1)) / top;
    const [width, height] = [19, 17];
    const data = Float32Array.from({ length: 3 * width * height }, (_, i) => sample(i));
    const alpha = Float32Array.from({ length: width * height }, (_, i) => sample(5000 + i));
    for (const image of [rgbImage(width, height, data), rgbImage(width, height, data, alpha)]) {
      const back = await readInNode(await encodePng(image, bits));
      expect(back).toEqual(image);
    }
  });
  it('refuses what is no number', async () => {
    await expect(encodePng(rgbImage(1, 1, Float32Array.of(0, Number.NaN, 0)))).rejects.toThrow('NaN');
  });
  it('pixels of a canvas come back', () => {
    const pixels = Uint8ClampedArray.from([0, 128, 255, 255, 7, 8, 9, 40]);
    expect(toPixels(fromPixels(pixels, 2, 1))).toEqual(pixels);
    expect(fromPixels(pixels.subarray(0, 4), 1, 1).alpha).toBeUndefined();
  });
});

describe('a download', () => {
  const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i & 255));
  const sha256 = createHash('sha256').update(body).digest('hex');
  let server: Server;
  let url = '';
  let requests = 0;
  beforeAll(async () => {
    server = createServer((request, reply) => {
      requests++;
      reply.setHeader('connection', 'close');
      if (request.url === '/cut') {
        reply.writeHead(200, { 'content-length': body.length });
        reply.write(body.subarray(0, 1000));
        setTimeout(() => reply.destroy(), 50);
      } else if (request.url === '/file') reply.end(body);
      else reply.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  /** As much of Cache Storage as is used. */
  function memoryCaches(): CacheStorage & { kept: Map<string, Uint8Array<ArrayBuffer>> } {
    const kept = new Map<string, Uint8Array<ArrayBuffer>>();
    const cache = {
      match: async (key: URL) => (kept.has(key.href) ? new Response(kept.get(key.href)) : undefined),
      put: async (key: URL, reply: Response) => {
        kept.set(key.href, new Uint8Array(await reply.arrayBuffer()));
      },
      delete: async (key: URL) => kept.delete(key.href),
    };
    return { open: async () => cache, kept } as unknown as ReturnType<typeof memoryCaches>;
  }

  it('tells its progress, is checked, and comes from the cache the second time', async () => {
    const caches = memoryCaches();
    const seen: number[] = [];
    const get = () =>
      fetchFile({
        url: `${url}/file`,
        sha256,
        bytes: body.length,
        caches,
        onProgress: ({ received }) => seen.push(received),
      });
    const before = requests;
    expect(body.equals(await get())).toBe(true);
    expect(seen.at(-1)).toBe(body.length);
    expect(body.equals(await get())).toBe(true);
    expect(requests - before).toBe(1);
    const [key] = caches.kept.keys();
    caches.kept.set(key!, Uint8Array.of(1));
    expect(body.equals(await get())).toBe(true);
    expect(requests - before).toBe(2);
  });
  it('says what is wrong', async () => {
    const get = (path: string, hash = sha256) =>
      fetchFile({ url: `${url}/${path}`, sha256: hash, caches: memoryCaches() });
    await expect(get('file', 'a'.repeat(64))).rejects.toThrow(`is ${sha256} (300000 bytes)`);
    await expect(get('nowhere')).rejects.toThrow('the server says 404');
    await expect(get('cut')).rejects.toThrow(/connection ended after \d+ of 300000 bytes/);
    await expect(get('cut')).rejects.toBeInstanceOf(WeightsError);
  });
});

describe('the browser is named', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0';
  const safari =
    'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15';
  it.each([
    [firefox, undefined, 'Firefox 143.0'],
    [safari, undefined, 'Safari 26.0'],
    [
      'x',
      [
        { brand: 'Not;A=Brand', version: '8' },
        { brand: 'Chromium', version: '141' },
      ],
      'Chromium 141',
    ],
    ['something else', undefined, 'something else'],
  ])('%s', (userAgent, brands, name) => {
    expect(browserVersion({ userAgent, ...(brands ? { userAgentData: { brands } } : {}) })).toBe(name);
  });
});
