// Requests that mean no good: each is answered 4xx with JSON that says what is wrong, and leaves no memory behind.
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { form, png } from '../shared.js';
import { bomb, pixels, pngOf } from './hostile-pictures.js';
import { raw, statusOf } from './raw.js';
import { useService } from './service.js';

const service = useService({
  limits: { rate: 1e6, burst: 1e6, maxUpload: 4 * 2 ** 20, maxPixels: 4_000_000 },
});

type Ask = () => Promise<{ status: number; text: string }>;
const via =
  (path: string, init?: RequestInit | (() => Promise<RequestInit>)): Ask =>
  async () => {
    const response = await fetch(service.url + path, typeof init === 'function' ? await init() : init);
    return { status: response.status, text: await response.text() };
  };
const socket =
  (...lines: string[]): Ask =>
  async () => {
    const answer = await raw(service.port, `${lines.join('\r\n')}\r\n\r\n`);
    return { status: statusOf(answer), text: answer.slice(answer.indexOf('\r\n\r\n') + 4) };
  };
const post = (body: () => Promise<FormData> | FormData, path = '/v1/stylize') =>
  via(path, async () => ({ method: 'POST', body: await body() }));
const content = (bytes: () => Uint8Array) =>
  post(async () => form({ content: bytes(), styles: await png() }));
const options = (value: unknown) =>
  post(async () => form({ content: await png(), styles: await png(), options: value as object }));
const HOST = 'Host: 127.0.0.1';
const ID = '00000000-0000-4000-8000-000000000000';

const REQUESTS: readonly (readonly [name: string, ask: Ask, status: number])[] = [
  // Paths.
  ['a path that climbs', socket('GET /../../../../etc/passwd HTTP/1.1', HOST, 'Connection: close'), 404],
  ['one that climbs in disguise', via('/%2e%2e/%2e%2e/etc/passwd'), 404],
  ['one with encoded slashes', via('/..%2f..%2fetc%2fpasswd'), 404],
  ['one with a backslash', via('/..%5c..%5cwindows%5cwin.ini'), 404],
  ['a job whose id climbs', via('/v1/jobs/..%2F..%2Fjobs.db/result'), 400],
  ['a job whose id is SQL', via(`/v1/jobs/${encodeURIComponent("' or 1=1 --")}`), 400],
  ['a zero byte in an id', via('/v1/jobs/%00/result'), 400],
  ['a job that is none', via(`/v1/jobs/${ID}`), 404],
  ['a path that is no UTF-8', via('/v1/jobs/%ff%fe'), 400],
  ['a path of 15,000 characters', via(`/${'a'.repeat(15_000)}`), 404],
  // Methods and queries.
  ['a method that is none here', via(`/v1/jobs/${ID}`, { method: 'PUT', body: 'x' }), 405],
  ['TRACE', socket('TRACE /v1/jobs HTTP/1.1', HOST, 'Connection: close'), 405],
  ['a limit that is no number', via('/v1/jobs?limit=1e999'), 400],
  ['a parameter given twice', via('/v1/jobs?limit=1&limit=2'), 400],
  ['a parameter that reaches for prototypes', via('/v1/jobs?__proto__[polluted]=1'), 400],
  // Headers.
  [
    'a foreign host, as by DNS rebinding',
    socket('GET /v1/jobs HTTP/1.1', 'Host: evil.example', 'Connection: close'),
    403,
  ],
  ['a page of another site', via('/v1/jobs', { headers: { origin: 'https://evil.example' } }), 403],
  ['an origin that is null', via('/v1/jobs', { headers: { origin: 'null' } }), 403],
  ['two hosts', socket('GET /v1/jobs HTTP/1.1', HOST, 'Host: evil.example', 'Connection: close'), 403],
  [
    'two lengths, for smuggling',
    socket('POST /v1/stylize HTTP/1.1', HOST, 'Content-Length: 5', 'Content-Length: 6', '', 'hello'),
    400,
  ],
  [
    'a length beside chunks',
    socket('POST /v1/stylize HTTP/1.1', HOST, 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0'),
    400,
  ],
  ['headers of 20,000 bytes', socket('GET /v1/jobs HTTP/1.1', HOST, `X: ${'a'.repeat(20_000)}`), 431],
  ['a line that is no HTTP', socket('HELO there'), 400],
  [
    'a key with a line break in it',
    via('/v1/stylize', async () => ({
      method: 'POST',
      headers: { 'idempotency-key': 'a b' },
      body: form({ content: await png(), styles: await png() }),
    })),
    400,
  ],
  // Bodies.
  [
    'a length of 4 GB',
    socket(
      'POST /v1/stylize HTTP/1.1',
      HOST,
      'Content-Type: multipart/form-data; boundary=x',
      'Content-Length: 4294967296',
      'Connection: close',
    ),
    413,
  ],
  ['5 MB', post(() => form({ content: new Uint8Array(5 * 2 ** 20), styles: new Uint8Array(9) })), 413],
  [
    'a body of another type',
    via('/v1/stylize', {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    }),
    415,
  ],
  [
    'a multipart body without a boundary',
    via('/v1/stylize', { method: 'POST', headers: { 'content-type': 'multipart/form-data' }, body: '--x--' }),
    415,
  ],
  [
    'a multipart body that is cut short',
    via('/v1/stylize', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\nContent-Disposition: form-data; name="content"\r\n\r\nabc',
    }),
    400,
  ],
  [
    '100,000 empty parts',
    via('/v1/stylize', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\n\r\n\r\n'.repeat(100_000),
    }),
    413,
  ],
  ['no picture at all', post(() => form({ options: {} })), 400],
  ['two contents', post(async () => form({ content: [await png(), await png()], styles: await png() })), 400],
  [
    'a field that nobody knows',
    post(async () => form({ content: await png(), styles: await png(), weights: await png() })),
    400,
  ],
  [
    'a file name that climbs',
    post(async () => {
      const body = new FormData();
      body.append('content', new Blob(['x']), '../../../etc/cron.d/x');
      body.append('styles', new Blob([await png()]), '/etc/passwd');
      return body;
    }),
    415,
  ],
  // Options.
  [
    'options that are no JSON',
    post(async () => {
      const body = form({ content: await png(), styles: await png() });
      body.append('options', '{"size":');
      return body;
    }),
    400,
  ],
  [
    'options nested 20,000 deep',
    post(async () => {
      const body = form({ content: await png(), styles: await png() });
      body.append('options', '['.repeat(20_000) + ']'.repeat(20_000));
      return body;
    }),
    400,
  ],
  ['options of 100 kB', options({ preset: 'a'.repeat(100_000) }), 413],
  ['a size of 1e308', options({ size: 1e308 }), 400],
  ['a size that is text', options({ size: '64' }), 400],
  ['a file in the options', options({ init: '/etc/passwd' }), 400],
  ['weights from a path', options({ weights: '/etc/shadow' }), 400],
  ['a net that is none', options({ net: '../../secret' }), 400],
  [
    'prototypes in the options',
    options(JSON.parse('{"__proto__":{"size":64},"constructor":{"prototype":{}}}')),
    400,
  ],
  // Pictures.
  ['text for a picture', content(() => Buffer.from('no picture')), 415],
  ['nothing for a picture', content(() => new Uint8Array(0)), 415],
  [
    'an SVG that reads a file',
    content(() =>
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><image href="file:///etc/passwd"/></svg>',
      ),
    ),
    415,
  ],
  ['a PDF', content(() => Buffer.from('%PDF-1.7\n1 0 obj')), 415],
  ['a PNG that says 60,000 x 60,000', content(() => pngOf(60_000, 60_000, ['IDAT', pixels(16, 16)])), 422],
  ['a PNG of 3,000 x 3,000', content(() => pngOf(3000, 3000, ['IDAT', pixels(16, 16)])), 413],
  [
    'a PNG of 2^31 - 1 pixels a side',
    content(() => pngOf(2 ** 31 - 1, 2 ** 31 - 1, ['IDAT', pixels(16, 16)])),
    422,
  ],
  ['a PNG with too few pixels', content(() => pngOf(512, 512, ['IDAT', pixels(16, 16)])), 422],
  ['a PNG of 1 x 1', content(() => pngOf(1, 1, ['IDAT', pixels(1, 1)])), 422],
  ['a header without a picture', content(() => Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')), 422],
  [
    'a remark that unpacks to 200 MB',
    content(() =>
      pngOf(
        64,
        64,
        ['zTXt', Buffer.concat([Buffer.from('x\0\0'), bomb()])],
        ['IDAT', deflateSync(Buffer.from('short'))],
      ),
    ),
    422,
  ],
  [
    'a profile that unpacks to 200 MB',
    content(() =>
      pngOf(
        64,
        64,
        ['iCCP', Buffer.concat([Buffer.from('x\0\0'), bomb()])],
        ['IDAT', deflateSync(Buffer.from('short'))],
      ),
    ),
    422,
  ],
  [
    'a JPEG that ends behind its head',
    content(() => Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')),
    422,
  ],
  [
    'a TIFF whose directory points at itself',
    content(() => Buffer.from('49492a0008000000010000010300010000004000000008000000', 'hex')),
    422,
  ],
];

it(`there are ${REQUESTS.length}, at least 40`, () => expect(REQUESTS.length).toBeGreaterThanOrEqual(40));

it.each(REQUESTS)('%s', async (_name, ask, status) => {
  const answer = await ask();
  expect(answer.text.slice(0, 300) && answer.status, answer.text.slice(0, 300)).toBe(status);
  const body = JSON.parse(answer.text) as { error: Record<string, string> };
  expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'where']);
  expect(body.error.message!.length).toBeLessThan(500);
  expect(answer.text).not.toMatch(/node_modules|\bat .*:\d+:\d+|\/dev\/shm|\/tmp\//);
});

it('a bomb that unpacks to no more than its header says is a picture, and costs no memory', async () => {
  const before = process.memoryUsage().rss;
  const flat = pngOf(64, 64, ['IDAT', bomb()]);
  const response = await fetch(`${service.url}/v1/stylize`, {
    method: 'POST',
    body: form({ content: flat, styles: await png(), options: { size: 32, iterations: 1 } }),
  });
  expect([202, 422]).toContain(response.status);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
});

it('files appear for none of them, and nothing is logged that is a bug', () => {
  expect(readdirSync(service.folder).sort()).toEqual(
    expect.arrayContaining(['audit.jsonl', 'audit.key', 'jobs.db']),
  );
  expect(readdirSync(service.folder).filter((name) => !/^(?:audit|jobs)/.test(name))).toEqual([]);
  expect(service.lines.filter((line) => line.includes('internal'))).toEqual([]);
});

it('memory does not grow with them', { timeout: 120_000 }, async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const round = async () => {
    for (const [, ask] of REQUESTS) await ask().catch(() => undefined);
    await sleep(50);
    collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { held: (heapUsed + external) / 2 ** 20, rss: rss / 2 ** 20 };
  };
  await round();
  const rounds: { held: number; rss: number }[] = [];
  for (let i = 0; i < 4; i++) rounds.push(await round());
  const growth = (of: 'held' | 'rss') => rounds.at(-1)![of] - rounds[0]![of];
  const told = JSON.stringify(rounds);
  // Three rounds of 57 requests with up to 5 MB each: kept, they would be 60 MB and more.
  expect(growth('held'), told).toBeLessThan(10);
  // What the system sees has the allocator's holes in it, which a picture decoder leaves.
  expect(growth('rss'), told).toBeLessThan(100);
});
