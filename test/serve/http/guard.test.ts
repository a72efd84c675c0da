import { describe, expect, it } from 'vitest';
import { Guard, isLoopback } from '../../../harness/serve/http/guard.js';
import { Problem } from '../../../harness/serve/http/problem.js';
import { startService } from '../../../harness/serve/service.js';
import { InputError } from '../../../src/base/errors.js';

const TOKEN = 'a-token-that-is-long-enough';
function asking(headers: Record<string, string> = {}, open = false, client = 'one') {
  const all: Record<string, string> = { host: '127.0.0.1:80', ...headers };
  return { open, client, header: (name: string) => all[name] };
}
function codeOf(work: () => void): string {
  try {
    work();
    return 'ok';
  } catch (error) {
    if (error instanceof Problem) return `${error.status} ${error.code}`;
    throw error;
  }
}

describe('a token', () => {
  const guard = new Guard({ token: TOKEN });
  it.each([
    [`Bearer ${TOKEN}`, 'ok'],
    [`bearer  ${TOKEN}`, 'ok'],
    [`Bearer ${TOKEN}x`, '401 unauthorized'],
    [`Bearer ${TOKEN.slice(1)}`, '401 unauthorized'],
    ['Bearer ', '401 unauthorized'],
    [`Basic ${TOKEN}`, '401 unauthorized'],
    [TOKEN, '401 unauthorized'],
  ])('%s: %s', (authorization, code) => {
    expect(codeOf(() => guard.check(asking({ authorization })))).toBe(code);
  });

  it('is asked for, but where everybody may look', () => {
    expect(codeOf(() => guard.check(asking()))).toBe('401 unauthorized');
    expect(codeOf(() => guard.check(asking({}, true)))).toBe('ok');
  });
});

describe('the rate', () => {
  it('is counted for each client, and comes back with time', () => {
    let now = 0;
    const guard = new Guard({ rate: 2, burst: 3, clock: () => now });
    const ask = (client: string) => codeOf(() => guard.check(asking({}, true, client)));
    expect([ask('a'), ask('a'), ask('a'), ask('a')]).toEqual(['ok', 'ok', 'ok', '429 rate_limited']);
    expect(ask('b')).toBe('ok');
    now += 1;
    expect([ask('a'), ask('a'), ask('a')]).toEqual(['ok', 'ok', '429 rate_limited']);
    // A clock that is set back gives nothing, and takes nothing for ever.
    now -= 3600;
    expect(ask('a')).toBe('429 rate_limited');
    now += 1;
    expect(ask('a')).toBe('ok');
  });

  it('forgets clients that are many', () => {
    const guard = new Guard({ rate: 1, burst: 1, clock: () => 0 });
    for (let i = 0; i < 20_000; i++) guard.check(asking({}, true, `client ${i}`));
    expect(Reflect.get(guard, 'buckets').size).toBeLessThanOrEqual(10_000);
  });
});

describe('a service', () => {
  const start = (host: string, token?: string) =>
    startService({
      host,
      token,
      port: 0,
      folder: '/nowhere/at/all',
      work: false,
      precision: 'f32',
      log() {},
    });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.org'])(
    'does not start on %s without a token',
    async (host) => {
      await expect(start(host)).rejects.toThrow(InputError);
      await expect(start(host)).rejects.toThrow('can be reached from other machines: give a token');
    },
  );

  it('does not take a token that can be guessed, and does not print it', async () => {
    await expect(start('0.0.0.0', 'short')).rejects.toThrow('must be 16 to 512 visible ASCII characters');
    await expect(start('0.0.0.0', 'short')).rejects.not.toThrow('short');
  });

  it('knows loopback', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true);
    expect(['127.0.0.1.evil.example', '0.0.0.0', '::', '10.0.0.1'].some(isLoopback)).toBe(false);
  });
});
