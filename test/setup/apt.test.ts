import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  aptCommand,
  backportsSource,
  formatDeb822,
  parseDeb822,
  parseOneLine,
  policyCandidate,
  readSources,
} from '../../scripts/lib/apt.mjs';

const DEBIAN_DEB822 = `Types: deb
# a remark between fields
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
`;

const DEBIAN_ONE_LINE = `# deb cdrom:[Debian 12]/ bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/usr/share/keyrings/b.gpg] https://mirror.example/debian bookworm main contrib # own mirror
deb-src https://mirror.example/debian bookworm main
deb https://mirror.example/debian-security bookworm-security main
`;

const UBUNTU_DEB822 = `Types: deb
URIs: http://mirror.example/ubuntu/
Suites: noble noble-updates noble-backports
Components: main universe restricted multiverse
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg

Types: deb
URIs: http://security.example/ubuntu/
Suites: noble-security
Components: main universe restricted multiverse
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
`;

describe('apt sources', () => {
  it('reads deb822: one entry per suite, remarks ignored', () => {
    expect(parseDeb822(DEBIAN_DEB822).map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
      'http://mirror.example/debian bookworm',
      'http://mirror.example/debian bookworm-updates',
      'http://mirror.example/debian-security bookworm-security',
    ]);
  });

  it('reads deb822 with several URIs, spread lines, and skips disabled and source-only stanzas', () => {
    const text = `types: deb deb-src\nuris: http://a.example\n http://b.example\nsuites: trixie\ncomponents: main

Enabled: no\nTypes: deb\nURIs: http://c.example\nSuites: trixie\nComponents: main
\t
Types: deb-src\nURIs: http://d.example\nSuites: trixie\nComponents: main`;
    expect(parseDeb822(text)).toEqual([
      { uri: 'http://a.example', suite: 'trixie', components: ['main'] },
      { uri: 'http://b.example', suite: 'trixie', components: ['main'] },
    ]);
  });

  it('reads one-line sources: options, remarks, no deb-src', () => {
    expect(parseOneLine(DEBIAN_ONE_LINE)).toEqual([
      {
        uri: 'https://mirror.example/debian',
        suite: 'bookworm',
        components: ['main', 'contrib'],
        signedBy: '/usr/share/keyrings/a.gpg /usr/share/keyrings/b.gpg',
      },
      { uri: 'https://mirror.example/debian-security', suite: 'bookworm-security', components: ['main'] },
    ]);
  });

  it('reads both forms from a folder, and no file with another ending', () => {
    const folder = mkdtempSync(join(tmpdir(), 'facet-apt-test-'));
    try {
      mkdirSync(join(folder, 'sources.list.d'));
      writeFileSync(join(folder, 'sources.list'), 'deb http://one.example/debian bookworm main\n');
      writeFileSync(join(folder, 'sources.list.d', 'two.sources'), DEBIAN_DEB822.replaceAll('mirror', 'two'));
      writeFileSync(join(folder, 'sources.list.d', 'three.list.save'), 'deb http://three.example x main\n');
      expect(readSources(folder).map(({ uri }) => new URL(uri).hostname)).toEqual([
        'one.example',
        'two.example',
        'two.example',
        'two.example',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reads no sources where there is no apt', () => {
    expect(readSources(join(tmpdir(), 'facet-no-such-folder'))).toEqual([]);
  });
});

describe('backports', () => {
  it.each([
    [
      'deb822',
      parseDeb822(DEBIAN_DEB822),
      'http://mirror.example/debian',
      '/usr/share/keyrings/debian-archive-keyring.gpg',
    ],
    [
      'one line',
      parseOneLine(DEBIAN_ONE_LINE),
      'https://mirror.example/debian',
      '/usr/share/keyrings/a.gpg /usr/share/keyrings/b.gpg',
    ],
  ])(
    "takes mirror and key of the release's own source (%s), not the security archive's",
    (_, sources, uri, signedBy) => {
      expect(backportsSource(sources, 'bookworm')).toEqual({
        configured: false,
        source: { uri, suite: 'bookworm-backports', components: ['main'], signedBy },
      });
    },
  );

  it('uses a suite that the machine has already, as on Ubuntu', () => {
    const found = backportsSource(parseDeb822(UBUNTU_DEB822), 'noble');
    expect(found?.configured).toBe(true);
    expect(found?.source).toMatchObject({ uri: 'http://mirror.example/ubuntu/', suite: 'noble-backports' });
  });

  it('finds nothing where only the security archive or another release is configured', () => {
    const security = parseDeb822(DEBIAN_DEB822).filter(({ suite }) => suite === 'bookworm-security');
    expect(backportsSource(security, 'bookworm')).toBeUndefined();
    expect(backportsSource(parseDeb822(DEBIAN_DEB822), 'trixie')).toBeUndefined();
  });

  it('writes a stanza that reads back the same, a key in full included', () => {
    const key =
      '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY865UxYJ\n -----END PGP PUBLIC KEY BLOCK-----';
    const source = {
      uri: 'http://mirror.example/debian',
      suite: 'x-backports',
      components: ['main'],
      signedBy: key,
    };
    expect(parseDeb822(formatDeb822(source))).toEqual([source]);
    const trusted = {
      uri: 'http://mirror.example/debian',
      suite: 'x-backports',
      components: ['main'],
      trusted: 'yes',
    };
    expect(parseDeb822(formatDeb822(trusted))).toEqual([trusted]);
  });

  it('tells the command with the mirror and key of the machine', () => {
    const backports = backportsSource(parseDeb822(DEBIAN_DEB822), 'bookworm')?.source;
    expect(aptCommand({ suite: 'bookworm-backports', backports })).toBe(
      "echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm-backports main' | " +
        'sudo tee /etc/apt/sources.list.d/bookworm-backports.list && ' +
        'sudo apt-get update && sudo apt-get install -y -t bookworm-backports mesa-vulkan-drivers libvulkan1',
    );
    expect(aptCommand()).toBe(
      'sudo apt-get update && sudo apt-get install -y mesa-vulkan-drivers libvulkan1',
    );
  });
});

describe('apt-cache policy', () => {
  it('gives the candidate', () => {
    const policy =
      'mesa-vulkan-drivers:\n  Installed: (none)\n  Candidate: 25.0.7-2~bpo12+1\n  Version table:\n';
    expect(policyCandidate(policy)).toBe('25.0.7-2~bpo12+1');
  });

  it('gives nothing where there is none', () => {
    expect(
      policyCandidate('mesa-vulkan-drivers:\n  Installed: (none)\n  Candidate: (none)\n'),
    ).toBeUndefined();
    expect(policyCandidate('')).toBeUndefined();
  });
});
