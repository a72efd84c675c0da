// What `npm run check:dependencies` makes of a lock file and of the answers of `npm audit`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAudit } from '../../scripts/package/audit.mjs';
import {
  countLicences,
  isPermissive,
  licenceProblems,
  productionDependencies,
} from '../../scripts/package/licences.mjs';
import { ROOT } from '../architecture/source.js';

describe('licences', () => {
  it.each(['MIT', '(MIT OR GPL-3.0-only)', 'GPL-3.0-only OR ISC', 'Apache-2.0 AND MIT'])(
    '%s is permissive',
    (id) => {
      expect(isPermissive(id)).toBe(true);
    },
  );
  it.each([
    'GPL-3.0-only',
    'MIT AND GPL-3.0-only',
    'none told',
    'SEE LICENSE IN x',
    '(MIT OR (GPL-2.0-only AND ISC)',
  ])('%s is not', (id) => expect(isPermissive(id)).toBe(false));

  it('are asked of what is installed with the package, once', () => {
    const dependencies = productionDependencies({
      packages: {
        '': { version: '1.0.0' },
        'node_modules/a': { version: '1.0.0', license: 'MIT' },
        'node_modules/b/node_modules/a': { version: '1.0.0', license: 'MIT' },
        'node_modules/b': { version: '2.0.0', license: 'GPL-3.0-only', optional: true },
        'node_modules/c': { version: '3.0.0', license: 'GPL-3.0-only', dev: true },
        'node_modules/d': { version: '4.0.0' },
        'node_modules/@img/sharp-libvips-linux-x64': { version: '5.0.0', license: 'LGPL-3.0-or-later' },
        'node_modules/e': { version: '6.0.0', license: 'LGPL-3.0-or-later' },
      },
    });
    expect(licenceProblems(dependencies)).toEqual([
      'b 2.0.0: GPL-3.0-only is not a permissive licence',
      'd 4.0.0: none told is not a permissive licence',
      'e 6.0.0: LGPL-3.0-or-later is not a permissive licence',
    ]);
    expect(countLicences(dependencies)[0]).toEqual(['LGPL-3.0-or-later', 2]);
  });

  it('of the real dependencies are permissive, but for libvips', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const dependencies = productionDependencies(lock);
    expect(dependencies.map(({ name }) => name)).toEqual(
      expect.arrayContaining(Object.keys(manifest.dependencies)),
    );
    expect(licenceProblems(dependencies)).toEqual([]);
  });
});

describe('npm audit', () => {
  const report = (vulnerabilities: object) =>
    JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: { dependencies: { prod: 9 } } });
  const weak = (severity: string) => ({
    weak: { name: 'weak', severity, range: '<2', via: [{ title: 'Reads what it must not' }, 'deep'] },
  });

  it('finds nothing', () => expect(readAudit(report({}))).toEqual({ kind: 'clean', checked: 9 }));
  it.each(['high', 'critical', 'of a new kind'])('finds what is %s', (severity) => {
    expect(readAudit(report(weak(severity)))).toEqual({
      kind: 'found',
      problems: [`weak <2: ${severity}: Reads what it must not; by deep`],
    });
  });
  it('passes over what is moderate', () => {
    expect(readAudit(report(weak('moderate')))).toEqual({ kind: 'clean', checked: 9 });
  });
  it.each([
    ['', 'npm audit printed no JSON'],
    ['{}', 'npm audit gave no report'],
    [
      '{"error":{"code":"ENOLOCK","summary":"This command requires an existing lockfile."}}',
      'This command requires an existing lockfile.',
    ],
    [
      '{"message":"405 Method Not Allowed - POST https://registry.example/-/npm/v1/x","method":"POST"}',
      '405 Method Not Allowed',
    ],
    [
      '{"message":"request to https://registry.example/-/npm failed"}',
      'request to the registry/-/npm failed',
    ],
  ])('has no answer in %s', (text, why) => expect(readAudit(text)).toEqual({ kind: 'no answer', why }));
});
