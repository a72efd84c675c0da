import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { weightsCommand } from '../../harness/cli/weights.js';
import { cachedPath, embeddedPath, loadManifest } from '../../harness/node/weights.js';
import { InputError, WeightsError } from '../../src/base/errors.js';

const slim = await loadManifest('vgg19-slim');
const shipped = embeddedPath(slim)!;
let folder: string;
let out: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-cli-'));
  vi.stubEnv('FACET_CACHE', folder);
  vi.stubEnv('FACET_WEIGHTS', undefined);
  out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<string> {
  out = '';
  await weightsCommand().exitOverride().parseAsync(args, { from: 'user' });
  return out;
}

describe('facet weights', () => {
  it('list names each net, aligned, and as JSON', async () => {
    const lines = (await run('list')).trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    const column = lines[0]!.indexOf('weights');
    expect(lines[1]!.slice(column)).toMatch(
      /^absent .*Apache-2\.0 +facet weights import FILE --net nn4\.small2/,
    );
    expect(lines[4]!.slice(column)).toMatch(/^embedded {2}1\.6 MB {2}Apache-2\.0/);
    expect(lines[3]!.slice(column)).toMatch(/^absent .*facet weights get vgg19/);
    const rows = JSON.parse(await run('list', '--json'));
    expect(rows).toContainEqual(
      expect.objectContaining({ net: 'vgg19-slim', where: 'embedded', bytes: 1_623_120 }),
    );
  });

  it('import, verify and list work together', async () => {
    await run('import', shipped, '--net', 'vgg19-slim');
    const cached = cachedPath('vgg19-slim');
    const verified = await run('verify');
    expect(verified.trimEnd().split('\n')).toHaveLength(2);
    expect(verified).toContain(`ok     ${cached}: vgg19-slim through conv5_1; input RGB, 0..1`);
    expect(verified).toContain('(compared with record)');
    expect(verified).toContain('(compared with manifest)');
    expect(JSON.parse(await run('list', '--json'))[3]).toMatchObject({ where: 'cache', path: cached });
    await expect(run('import', shipped, '--net', 'vgg19-slim')).rejects.toThrow('--force replaces it');
    await run('import', shipped, '--net', 'vgg19-slim', '--force');
  });

  it('verify finds a flipped bit, by the record', async () => {
    await run('import', shipped, '--net', 'vgg19-slim');
    const cached = cachedPath('vgg19-slim');
    const bytes = await readFile(cached);
    bytes[bytes.length - 2]! ^= 1;
    await writeFile(cached, bytes);
    await expect(run('verify', 'vgg19-slim')).rejects.toThrow(/1 of 2 files failed: .* as in the record, is/);
    expect(out).toContain(`WRONG  ${cached}: sha-256 must be`);
    await expect(run('verify', cached)).rejects.toThrow(
      /^[^\n]*sha-256 must be [0-9a-f]{64} as in the record/,
    );
  });

  it('verify guesses the net of a file and names what it fits', async () => {
    const copy = join(folder, 'copy.safetensors');
    await copyFile(shipped, copy);
    expect(JSON.parse(await run('verify', copy, '--json'))).toEqual([
      expect.objectContaining({
        net: 'vgg19-slim',
        ok: true,
        against: 'manifest',
        sha256: slim.embedded!.sha256,
      }),
    ]);
    await expect(run('verify', copy, '--net', 'vgg16')).rejects.toThrow(
      'conv1_1.weight must be [64,3,3,3] for vgg16',
    );
  });

  const bad: [string, string[], typeof InputError, string][] = [
    ['an unknown net', ['get', 'vgg18'], InputError, 'there is no net vgg18'],
    ['a net that is shipped', ['get', 'vgg19-slim'], WeightsError, 'its weights come with the package'],
    [
      'a net whose weights are nowhere to fetch',
      ['get', 'nn4.small2'],
      WeightsError,
      'nothing to fetch, import a file: facet weights import FILE --net nn4.small2',
    ],
    [
      'a face net without weights',
      ['verify', 'nn4.small2'],
      WeightsError,
      'nn4.small2: no weights here; import a file',
    ],
    [
      "a style net's file for a face net",
      ['import', shipped, '--net', 'nn4.small2'],
      WeightsError,
      'tensor conv1.weight of nn4.small2 is missing',
    ],
    ['an unknown layer', ['get', 'vgg16', '--layers', 'conv9_1'], WeightsError, 'vgg16 has no layer conv9_1'],
    ['a target that is nothing', ['verify', 'no-such'], InputError, 'neither a net'],
    ['a net without weights', ['verify', 'vgg16'], WeightsError, 'try facet weights get vgg16'],
    ['a missing file', ['import', 'no-such', '--net', 'vgg19'], InputError, 'no-such: does not exist'],
    [
      'a file that is no weights',
      ['import', 'package.json', '--net', 'vgg19'],
      WeightsError,
      'not a safetensors file',
    ],
    [
      "another net's file",
      ['import', shipped, '--net', 'vgg19'],
      WeightsError,
      'must be [64,3,3,3] for vgg19',
    ],
  ];
  for (const [name, args, kind, message] of bad) {
    it(`one line for ${name}`, async () => {
      const error = await run(...args).then(
        () => expect.fail('must fail'),
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(kind);
      expect((error as Error).message).toContain(message);
      expect((error as Error).message).not.toContain('\n');
    });
  }
});
