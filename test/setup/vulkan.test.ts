import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRelease } from '../../scripts/lib/mend.mjs';
import { npmErrors, run, tail } from '../../scripts/lib/run.mjs';
import { environmentsOf, firstThatWorks, probe } from '../../scripts/lib/vulkan.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'facet-vulkan-'));
  mkdirSync(join(root, 'scripts', 'lib'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** Puts a script in the place of the one that asks Dawn. */
function stage(script: string): void {
  writeFileSync(join(root, 'scripts', 'lib', 'probe.mjs'), script);
}

const ADAPTER = { vendor: 'v', architecture: 'a', device: 'd', description: 'A driver 1.0', features: [] };

describe('probe', () => {
  it('takes the last line of the answer, whatever a driver prints before', async () => {
    stage(`console.log('driver chatter'); console.log('${JSON.stringify({ ok: true, adapter: ADAPTER })}')`);
    expect(await probe(root)).toEqual({ ok: true, adapter: ADAPTER });
  });

  it('survives a driver that ends the process, and says how it ended', async () => {
    stage("process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000)");
    expect(await probe(root)).toEqual({ ok: false, reason: expect.stringContaining('SIGSEGV') });
  });

  it('takes the first environment that works', async () => {
    stage(`const { variables } = JSON.parse(process.argv[2]);
      console.log(JSON.stringify(variables.VK_DRIVER_FILES === '/two'
        ? { ok: true, adapter: ${JSON.stringify(ADAPTER)} } : { ok: false, reason: 'none' }))`);
    const environments = ['/one', '/two', '/three'].map((file) => ({ variables: { VK_DRIVER_FILES: file } }));
    expect(await firstThatWorks(root, environments)).toEqual({
      variables: { VK_DRIVER_FILES: '/two' },
      adapter: 'A driver 1.0',
    });
    expect(await firstThatWorks(root, environments.slice(0, 1))).toBeUndefined();
  });
});

describe('environmentsOf', () => {
  it('tries a driver alone, then with the loader beside it', () => {
    const manifest = join(root, 'vk_swiftshader_icd.json');
    const variables = { VK_DRIVER_FILES: manifest };
    expect(environmentsOf(manifest)).toEqual([{ variables }]);
    const loader = join(root, 'libvulkan.so.1');
    writeFileSync(loader, '');
    expect(environmentsOf(manifest)).toEqual([{ variables }, { variables, preload: loader }]);
  });
});

describe('run', () => {
  it('tells how a command ended', async () => {
    expect(await run(process.execPath, ['-e', 'console.log(1); process.exit(3)'])).toMatchObject({
      ok: false,
      how: 'exit status 3',
      stdout: '1\n',
    });
    expect(await run(join(root, 'none'), [])).toMatchObject({
      ok: false,
      how: expect.stringContaining('ENOENT'),
    });
    const late = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 300 });
    expect(late).toMatchObject({ ok: false, how: 'no answer within 0.3 s' });
  });

  it('shortens what is told of it', () => {
    expect(tail('a\nb\nc\n', 2)).toBe('    b\n    c');
    const npm =
      'npm warn x\nnpm error code E404\nnpm error\nnpm error     at f (x.js:1)\nnpm error Not found\nrest';
    expect(npmErrors(npm)).toBe('    npm error code E404\n    npm error Not found');
    expect(npmErrors('killed')).toBe('    killed');
  });
});

describe('parseRelease', () => {
  it.each([
    ['ID=debian\nVERSION_CODENAME=bookworm\n', 'debian', 'bookworm'],
    ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n', 'ubuntu', 'noble'],
    ['ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=xia\n', 'ubuntu', 'xia'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'rhel', ''],
    ['ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', 'suse', ''],
    ['ID=nixos\n', '', ''],
  ])('knows the family of %j', (text, family, codename) => {
    expect(parseRelease(text)).toEqual({ family, codename });
  });
});
