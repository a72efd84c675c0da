import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cachedPath,
  embeddedPath,
  findWeights,
  loadFile,
  loadManifest,
  sha256Of,
} from '../../harness/node/weights.js';
import { type FetchOptions, fetchWeights } from '../../harness/node/weights-fetch.js';
import { importWeights, readRecord } from '../../harness/node/weights-store.js';
import { InputError, WeightsError } from '../../src/base/errors.js';
import { uniform } from '../../src/base/random.js';
import { CONVENTIONS, type WeightsManifest } from '../../src/nets/manifest.js';
import { type WritableTensor, writeSafetensors } from '../../src/nets/safetensors.js';
import { featureNames } from '../../src/nets/weight-names.js';
import { packageRoot } from '../../src/platform/node-paths.js';
import { type Behaviour, FileServer } from './file-server.js';

const slim = await loadManifest('vgg19-slim');
const shared = process.env.FACET_SHARED ?? join(packageRoot(), '..', 'shared');
const realVgg19 = join(shared, 'weights', 'vgg19-features.safetensors');
let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-weights-'));
  env = { FACET_CACHE: join(folder, 'cache') };
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A full VGG-like file with torchvision names and a classifier that outweighs the features. */
function publisherFile(manifest: WeightsManifest, seed = 1): Uint8Array {
  const names = featureNames(manifest.tensors.map(({ name }) => name));
  const tensors: Record<string, WritableTensor> = {};
  for (const [i, { shape }] of manifest.tensors.entries()) {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = Float32Array.from({ length: size }, (_, at) => uniform(seed + i, at) - 0.5);
    tensors[names[i]!] = { shape, values };
  }
  tensors['head.fc.weight'] = { shape: [1000, 4096], values: new Float32Array(4_096_000) };
  return writeSafetensors(tensors);
}

describe('fetching', () => {
  let server: FileServer;
  let to: string;
  const file = publisherFile(slim);

  beforeEach(async () => {
    server = await FileServer.start(file);
    to = join(folder, 'new', 'net.safetensors');
  });

  afterEach(() => server.stop());

  const fetching = (
    more: Partial<FetchOptions> = {},
    behaviour: Behaviour = {},
    sha256: string | null = null,
  ) => {
    server.behaviour = behaviour;
    const source = { url: server.url, naming: 'timm' as const, sha256, bytes: null };
    const manifest = { ...slim, sources: [source], embedded: null };
    return fetchWeights({ manifest, through: 'conv5_1', to, backoffMs: 1, retries: 3, ...more });
  };

  it("takes the needed tensors alone, in Facet's form", async () => {
    const stored = await fetching({ through: 'conv3_4' });
    const needed = slim.tensors
      .slice(0, 16)
      .reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
    // What travels: the first read of 64 KiB, and the tensors with the small gaps between them.
    expect(server.sent).toBeGreaterThanOrEqual(needed);
    expect(server.sent).toBeLessThan(needed + 300_000);
    expect(server.sent).toBeLessThan(file.length / 10);
    expect(stored).toMatchObject({ ranged: true, firstUse: true, fetched: server.sent, sourceSha256: null });

    const loaded = loadFile(to, await readFile(to), slim);
    const whole = loadFile('publisher', file, slim);
    expect([...loaded.tensors.keys()]).toEqual(slim.tensors.slice(0, 16).map(({ name }) => name));
    for (const [name, { values }] of loaded.tensors)
      expect(values, name).toEqual(whole.tensors.get(name)!.values);
    expect(loaded.convention).toEqual(slim.input);
    expect(stored.sha256).toBe(loaded.sha256);
    expect(await readRecord(to)).toMatchObject({
      through: 'conv3_4',
      sha256: loaded.sha256,
      source: server.url,
    });
    expect(existsSync(`${to}.part`)).toBe(false);
    expect(existsSync(`${to}.part.json`)).toBe(false);
  });

  it('gives the same file from a server without ranges, and compares the hash there', async () => {
    await fetching();
    const ranged = await readFile(to);
    await rm(join(folder, 'new'), { recursive: true });
    const stored = await fetching({}, { ranges: false }, server.sha256);
    expect(Buffer.compare(await readFile(to), ranged)).toBe(0);
    expect(stored).toMatchObject({ ranged: false, firstUse: false, sourceSha256: server.sha256 });
    await rm(join(folder, 'new'), { recursive: true });
    await expect(fetching({ whole: true }, {}, 'b'.repeat(64))).rejects.toThrow(
      `sha-256 must be ${'b'.repeat(64)}`,
    );
    expect(existsSync(to)).toBe(false);
  });

  it('goes on after a cut, within a call and in the next', async () => {
    // The first answer is the header's.
    await expect(fetching({ retries: 0 }, { cuts: [undefined, 200_000] })).rejects.toThrow(
      '200000 bytes are kept',
    );
    const before = server.sent;
    await fetching({}, { cuts: [undefined, 300_000] });
    const stored = await fetching({ force: true });
    expect(server.sent - before).toBeLessThan(2 * stored.fetched - 200_000 + 70_000);
    expect(stored.firstUse).toBe(false);
  });

  it('remembers the first hash and refuses another', async () => {
    const first = await fetching();
    server.content = publisherFile(slim, 1000);
    await expect(fetching({ force: true })).rejects.toThrow(
      new RegExp(`sha-256 was ${first.sha256} when first fetched, is [0-9a-f]{64} now`),
    );
    expect(sha256Of(await readFile(to))).toBe(first.sha256);
    await rm(`${to}.json`);
    expect((await fetching({ force: true })).firstUse).toBe(true);
  });

  it('refuses before the travel what cannot end well', async () => {
    await fetching();
    const before = server.ranges.length;
    await expect(fetching()).rejects.toThrow('exists already; --force replaces it');
    await expect(fetching({ through: 'conv9_9', force: true })).rejects.toThrow('has no layer conv9_9');
    await expect(fetching({ manifest: slim })).rejects.toThrow('nothing to fetch');
    expect(server.ranges.length).toBe(before);
    const other = '0'.repeat(64);
    const stating = { etag: `"${server.sha256}"` };
    await expect(fetching({ force: true }, stating, other)).rejects.toThrow(
      `the server states ${server.sha256}`,
    );
    expect(server.ranges.length).toBe(before + 1);
  });

  it('names the tensor of a file that does not fit', async () => {
    server.content = writeSafetensors({
      'features.0.weight': { shape: [8, 3, 3, 3], values: new Float32Array(216) },
    });
    await expect(fetching()).rejects.toThrow(
      'tensor features.0.weight (conv1_1.weight) must be [16,3,3,3] for vgg19-slim, is [8,3,3,3]',
    );
    server.content = new TextEncoder().encode('<html>not what you want</html>');
    await expect(fetching()).rejects.toThrow('not a safetensors file');
    await expect(fetching({}, { ranges: false })).rejects.toThrow('not a safetensors file');
  });
});

describe('finding', () => {
  it('takes the shipped file, as its manifest describes it', async () => {
    const found = await findWeights('vgg19-slim', { env, through: 'conv5_1' });
    expect(found.source).toBe(embeddedPath(slim));
    expect(found.sha256).toBe(slim.embedded!.sha256);
    expect((await readFile(found.source)).length).toBe(slim.embedded!.bytes);
    expect([...found.tensors].map(([name, { shape }]) => ({ name, shape }))).toEqual(
      slim.tensors.map(({ name, shape }) => ({ name, shape })),
    );
    expect(found.convention).toEqual(CONVENTIONS.torchvision);
  });

  it("prefers the user's word, then the environment, then the cache", async () => {
    const shipped = embeddedPath(slim)!;
    const named = join(folder, 'named.safetensors');
    const inFolder = join(folder, 'folder', 'vgg19-slim.safetensors');
    const cached = cachedPath('vgg19-slim', env);
    await mkdir(join(folder, 'folder'));
    await mkdir(join(folder, 'cache', 'weights'), { recursive: true });
    for (const path of [named, inFolder, cached]) await copyFile(shipped, path);
    const from = async (weights: string | undefined, FACET_WEIGHTS?: string) =>
      (await findWeights('vgg19-slim', { weights, env: { ...env, FACET_WEIGHTS } })).source;
    expect(await from(named, inFolder)).toBe(named);
    expect(await from(join(folder, 'folder'))).toBe(inFolder);
    expect(await from(undefined, named)).toBe(named);
    expect(await from(undefined, join(folder, 'folder'))).toBe(inFolder);
    expect(await from(undefined, folder)).toBe(cached);
    await rm(cached);
    expect(await from(undefined, undefined)).toBe(shipped);
  });

  it("passes by a file in the environment that is another net's, not one that the user names", async () => {
    const other = join(folder, 'other.safetensors');
    await writeFile(
      other,
      writeSafetensors({ 'conv1_1.bias': { shape: [64], values: new Float32Array(64) } }),
    );
    const withEnv = { env: { ...env, FACET_WEIGHTS: other } };
    expect((await findWeights('vgg19-slim', withEnv)).source).toBe(embeddedPath(slim));
    await expect(findWeights('vgg19-slim', { env, weights: other })).rejects.toThrow(
      `${other}: tensor conv1_1.bias must be [16] for vgg19-slim, is [64]`,
    );
    await writeFile(other, 'broken');
    await expect(findWeights('vgg19-slim', withEnv)).rejects.toThrow(WeightsError);
  });

  it('says what it looked at and what to do', async () => {
    await expect(findWeights('vgg19', { env })).rejects.toThrow(
      `vgg19: no weights found; try facet weights get vgg19, or --weights FILE; looked at ${cachedPath('vgg19', env)}`,
    );
    await expect(findWeights('vgg20', { env })).rejects.toThrow(
      'there is no net vgg20; the nets are nn4.small2, vgg16, vgg19, vgg19-slim',
    );
    await expect(findWeights('../package', { env })).rejects.toThrow(InputError);
    await expect(findWeights('vgg19', { env, weights: join(folder, 'no') })).rejects.toThrow(
      'does not exist',
    );
    await expect(findWeights('vgg19', { env, weights: folder })).rejects.toThrow(
      'the folder holds no vgg19.safetensors',
    );
  });

  it.skipIf(!existsSync(realVgg19))('accepts VGG-19 in the Caffe convention through conv5_1', async () => {
    const found = await findWeights('vgg19', { env: { ...env, FACET_WEIGHTS: join(shared, 'weights') } });
    expect(found.source).toBe(realVgg19);
    expect(found.convention).toEqual(CONVENTIONS.caffe);
    expect(found.tensors.size).toBe(26);
    await expect(findWeights('vgg19', { env, weights: realVgg19, through: 'conv5_2' })).rejects.toThrow(
      'holds vgg19 through conv5_1, conv5_2 is needed',
    );
  });
});

describe('importing', () => {
  it('keeps values and dtype, states the convention, and is found then', async () => {
    const to = cachedPath('vgg19-slim', env);
    const stored = await importWeights(embeddedPath(slim)!, { manifest: slim, to });
    expect(stored.through).toBe('conv5_1');
    // Half precision as before: only the header may differ in length.
    expect(Math.abs(stored.bytes - slim.embedded!.bytes)).toBeLessThan(1000);
    const imported = await findWeights('vgg19-slim', { env });
    const shipped = await findWeights('vgg19-slim', { env, weights: embeddedPath(slim)! });
    expect(imported.source).toBe(to);
    expect([...imported.tensors.keys()]).toEqual([...shipped.tensors.keys()]);
    for (const [name, { values }] of imported.tensors) {
      expect(
        Buffer.compare(Buffer.from(values.buffer), Buffer.from(shipped.tensors.get(name)!.values.buffer)),
        name,
      ).toBe(0);
    }
    expect(imported.convention).toEqual(slim.input);
    await expect(importWeights(embeddedPath(slim)!, { manifest: slim, to })).rejects.toThrow(
      '--force replaces it',
    );
  });

  it("does not write over a stranger's file beside it", async () => {
    const to = join(folder, 'x.safetensors');
    await writeFile(`${to}.json`, '{"my":"notes"}');
    await expect(importWeights(embeddedPath(slim)!, { manifest: slim, to })).rejects.toThrow(
      'is not a record',
    );
    expect(await readFile(`${to}.json`, 'utf8')).toBe('{"my":"notes"}');
    expect(existsSync(to)).toBe(false);
  });

  it('tells of a folder that cannot be made', async () => {
    await writeFile(join(folder, 'plain'), '');
    const to = join(folder, 'plain', 'deep', 'x.safetensors');
    await expect(importWeights(embeddedPath(slim)!, { manifest: slim, to })).rejects.toThrow('not a folder');
  });
});
