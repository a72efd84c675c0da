// What another machine meets: this machine's own address beside loopback stands for it.
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { useService } from './service.js';

const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one && !one.internal && one.family === 'IPv4')?.address;
const TOKEN = 'a-token-that-is-long-enough';

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
