// What a page loads, as `npm run build` made it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ROOT } from '../architecture/source.js';

const folder = join(ROOT, 'dist', 'browser');

it('facet/web and its worker are under 150 kB when gzipped', () => {
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
  expect(scripts).toContain('facet.js');
  expect(scripts).toContain('worker.js');
  const sizes = scripts.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(20_000);
  expect(total).toBeLessThan(150_000);
});

it('needs nothing from elsewhere', () => {
  for (const name of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    // Minified imports stand at the head, before any code.
    const imports = [...text.matchAll(/(?:^|;)import(?:[\w{},*$ ]*from)?"([^"]+)"/g)].map(
      (match) => match[1]!,
    );
    expect(imports.filter((target) => !target.startsWith('./'))).toEqual([]);
    expect(text.match(/"node:[a-z/]+"/)).toBeNull();
  }
});
