// What another machine meets: this machine's own address beside loopback stands for it, and, where the system lets us make
// one, a network of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startService } from '../../../harness/serve/service.js';
import { InputError } from '../../../src/base/errors.js';
import { bundleOf, start } from '../../faces/gallery/child.js';
import { scratchFolder } from '../database.js';
import { useService } from './service.js';

const addresses = Object.values(networkInterfaces())
  .flat()
  .flatMap((one) => (one && !one.internal ? [one] : []));
const outside = addresses.find(({ family }) => family === 'IPv4')?.address;
const TOKEN = 'a-token-that-is-long-enough';

describe('without a token', () => {
  const folder = scratchFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  // Also in words that the system takes for loopback or for every address: in doubt a token is wanted.
  const everywhere = [
    '0.0.0.0',
    '::',
    '0',
    '',
    '0x0',
    '[::]',
    '::ffff:127.0.0.1',
    '127.1',
    'example.invalid',
  ];
  it.each([...everywhere, ...addresses.map(({ address }) => address)])(
    'a service on "%s" is not begun',
    async (host) => {
      const error = await startService({
        ...{ host, port: 0, folder: join(folder, 'data'), work: false, precision: 'f32', log() {} },
      }).then(
        (service) => service.stop(),
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toContain('can be reached from other machines: give a token');
      expect(existsSync(join(folder, 'data'))).toBe(false);
    },
  );
});

describe.skipIf(outside === undefined)('from outside', () => {
  const inner = useService();
  const outer = useService({ host: '0.0.0.0', token: TOKEN });
  const at = (port: number, headers: Record<string, string> = {}) =>
    fetch(`http://${outside}:${port}/v1/jobs`, { headers });

  it('a service of this machine only is not there', async () => {
    expect((await fetch(`${inner.url}/v1/jobs`)).status).toBe(200);
    await expect(at(inner.port)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  it('an open one asks for its token', async () => {
    expect((await at(outer.port)).status).toBe(401);
    expect((await at(outer.port, { authorization: 'Bearer no-token-of-this-service' })).status).toBe(401);
    expect((await at(outer.port, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });
});

describe.skipIf(addresses.every(({ family }) => family !== 'IPv6'))('from outside by IPv6', () => {
  const outer = useService({ host: '::', token: TOKEN });
  const global = addresses.find(({ family, scopeid }) => family === 'IPv6' && scopeid === 0)?.address;

  it.skipIf(global === undefined)('an open one asks for its token', async () => {
    const at = (headers: Record<string, string> = {}) =>
      fetch(`http://[${global}]:${outer.port}/v1/jobs`, { headers });
    expect((await at()).status).toBe(401);
    expect((await at({ authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });
});

/** Whether networks can be made here: as root, on Linux, with iproute2. */
const networks =
  spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there'])
    .status === 0;

it.skipIf(!networks)(
  'from another network namespace: refused, but with the token',
  { timeout: 300_000 },
  async () => {
    const program = await bundleOf('../../serve/http/outside.ts');
    const { ended } = start(program, [], {}, ['unshare', '-n']);
    const { code, stdout, stderr } = await ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      refused: expect.stringContaining('198.18.7.1 can be reached from other machines: give a token'),
      none: '401',
      wrong: '401',
      right: '200',
      loopback: 'ECONNREFUSED',
    });
  },
);
