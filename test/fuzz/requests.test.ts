// The service and the command line against requests and words that were made up.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../harness/cli/main.js';
import { InputError } from '../../src/base/errors.js';
import { useService } from '../serve/http/service.js';
import { form, png } from '../serve/shared.js';
import { CASES, counted, mutated, survives } from './mutate.js';

const service = useService({
  limits: { rate: 1e9, burst: 1e9, maxUpload: 2 ** 20, maxPixels: 1e6, maxQueued: 10 ** 9 },
});

/** A connection that the server closed for its idleness, just as it was used again, is no answer: asked once more. */
async function ask(url: string | URL, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET')) throw error;
    return fetch(url, init);
  }
}

async function check(response: Response): Promise<void> {
  const text = await response.text();
  expect(response.status, text).toBeLessThan(500);
  if (response.status < 400) return;
  const { error } = JSON.parse(text) as { error: { code: string; message: string; where: string } };
  expect(error.code).toMatch(/^[a-z_]+$/);
  expect(text).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
}

let body: Buffer<ArrayBuffer>;
let type: string;
beforeAll(async () => {
  const request = new Request('http://x/', {
    method: 'POST',
    body: form({
      content: await png(24, 24),
      styles: await png(24, 24),
      options: { size: 32, iterations: 2 },
    }),
  });
  type = request.headers.get('content-type')!;
  body = Buffer.from(await request.arrayBuffer());
});
afterAll(() => {
  expect(service.lines.filter((line) => line.includes('internal'))).toEqual([]);
});

const word = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    '..',
    '%2e%2e',
    '%00',
    '%ff',
    'v1',
    'jobs',
    'faces',
    'stylize',
    'collections',
    'people',
    'people',
    'x',
  ),
);
/** Values that schemas meet: of the right names and of wrong types and sizes. */
const options = fc.dictionary(
  fc.constantFrom(
    'size',
    'iterations',
    'net',
    'preset',
    'styleLayers',
    'seed',
    'init',
    'styleWeights',
    '__proto__',
    'weights',
  ),
  fc.oneof(fc.jsonValue(), fc.integer(), fc.double(), fc.constantFrom('vgg19-slim', 'quality', 1e308, -0)),
  { maxKeys: 4 },
);

describe('the service', { timeout: 3_600_000 }, () => {
  it('bodies that were changed', () =>
    survives(mutated([body]), 0.04, async (bytes) => {
      await check(
        await ask(`${service.url}/v1/stylize`, {
          method: 'POST',
          headers: { 'content-type': type },
          body: bytes,
        }),
      );
    }));

  it('options that were made up', () =>
    survives(options, 0.04, async (value) => {
      const parts = form({ content: await png(24, 24), styles: await png(24, 24), options: value });
      await check(await ask(`${service.url}/v1/stylize`, { method: 'POST', body: parts }));
    }));

  it('paths and queries that were made up', () =>
    survives(
      fc.tuple(fc.array(word, { maxLength: 6 }), fc.webQueryParameters()),
      0.04,
      async ([parts, query]) => {
        const path = parts.map((part) => part.replace(/[#?\\\s]/g, '_')).join('/');
        let url: URL;
        try {
          url = new URL(`${service.url}/${path}?${query}`);
        } catch (error) {
          throw new InputError('no client can send this', { cause: error });
        }
        if (url.origin !== service.url) return;
        await check(await ask(url));
      },
    ));
});

describe('the command line', { timeout: 3_600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'facet-fuzz-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const place = join(folder, 'none');
  const command = fc.constantFrom(
    ['stylize', place, place, '-o', join(folder, 'out.png')],
    ['stylize', place],
    ['face', 'verify', place, place],
    ['face', 'identify', place, '--db', join(folder, 'none.db')],
    ['face', 'enroll', place, '--db', join(folder, 'none.db')],
    ['face', 'import', place, '--db', join(folder, 'none.db')],
    ['face', 'remove', '--db', join(folder, 'none.db')],
    ['weights', 'verify', place],
    ['serve', '--host', '192.0.2.7', '--data', folder],
  );
  const argument = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '--size',
      '--iterations',
      '--preset',
      '--net',
      '--weights',
      '--style-layers',
      '--init',
      '--seed',
      '--tile',
      '--memory',
      '--json',
      '--force',
      '--threshold',
      '--rule',
      '-k',
      '--collection',
      '--name',
      '--quality',
      '--faces',
      '--port',
      '--token-file',
      '--resume',
      '--precision',
      '--tuning',
      '1e99',
      '-1',
      '0',
      'NaN',
      'relu1_1:2',
      '=',
      '--',
    ),
  );

  it('words that were made up end in a code and a line, and write nothing', () =>
    survives(fc.tuple(command, fc.array(argument, { maxLength: 6 })), 0.06, async ([base, more]) => {
      const said: string[] = [];
      const say = (text: unknown) => {
        said.push(String(text));
        return true;
      };
      const [out, err] = [
        vi.spyOn(process.stdout, 'write').mockImplementation(say),
        vi.spyOn(process.stderr, 'write').mockImplementation(say),
      ];
      try {
        const code = await main(['node', 'facet', ...base, ...more]);
        const text = said.join('');
        expect([0, 1, 2, 3], text).toContain(code);
        expect(text).not.toContain('internal error');
        // Only a list of help or what is no error is 0.
        if (code !== 0) expect(text).not.toBe('');
      } finally {
        out.mockRestore();
        err.mockRestore();
        process.exitCode = 0;
      }
      expect(readdirSync(folder)).toEqual([]);
    }));

  it('were as many as asked for', () => {
    expect(counted.cases).toBeGreaterThanOrEqual(0.17 * CASES);
  });
});
