// A service with a token and pages: what is open, and what is not.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSite } from '../../../harness/serve/site.js';
import { scratchFolder } from '../database.js';
import { useService } from './service.js';

const TOKEN = 'a-token-that-is-long-enough';
const site = scratchFolder();
mkdirSync(join(site, 'parts'));
writeFileSync(join(site, 'index.html'), '<p>studio</p>');
writeFileSync(join(site, 'parts', 'a.js'), 'export {};');
writeFileSync(join(site, 'notes.txt'), 'not for browsers');
afterAll(() => rmSync(site, { recursive: true, force: true }));

const service = useService({ token: TOKEN, site });
const status = async (path: string, headers: Record<string, string> = {}) =>
  (await fetch(service.url + path, { headers })).status;

it('health and pages are open, everything else is not', async () => {
  expect(await status('/healthz')).toBe(200);
  for (const path of ['/v1/jobs', '/metrics', '/openapi.json', '/v1/collections', '/notes.txt', '/none']) {
    expect(await status(path), path).toBe(401);
    expect(await status(path, { authorization: `Bearer ${TOKEN}x` }), path).toBe(401);
  }
  for (const path of ['/v1/jobs', '/metrics', '/openapi.json']) {
    expect(await status(path, { authorization: `Bearer ${TOKEN}` }), path).toBe(200);
  }
  expect(service.lines.join('\n')).not.toContain(TOKEN);
});

it('pages have their type and a policy that lets nothing out', async () => {
  const page = await fetch(`${service.url}/`);
  expect(await page.text()).toBe('<p>studio</p>');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("connect-src 'self'");
  const script = await fetch(`${service.url}/parts/a.js`);
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(script.headers.get('x-content-type-options')).toBe('nosniff');
});

it('a folder without a first page is told', async () => {
  await expect(readSite(join(site, 'parts'))).rejects.toThrow('holds no index.html');
  await expect(readSite(join(site, 'none'))).rejects.toThrow('does not exist');
});
