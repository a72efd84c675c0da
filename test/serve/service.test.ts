// The whole service with a GPU: pictures to the bit, faces between steps, devices that are lost, and the end.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { Audit } from '../../harness/node/audit.js';
import { encodePicture, readPicture } from '../../harness/node/pictures.js';
import { findWeights } from '../../harness/node/weights.js';
import { type Service, type ServiceOptions, startService } from '../../harness/serve/service.js';
import { Device } from '../../src/gpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';
import { stylize } from '../../src/style/stylize.js';
import { facet } from '../cli/facet.js';
import { scratchFolder } from './database.js';
import { form, png, until } from './shared.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const newFolder = () => {
  const folder = scratchFolder();
  folders.push(folder);
  return folder;
};
const start = (folder: string, more: Partial<ServiceOptions> = {}): Promise<Service> =>
  startService({
    host: '127.0.0.1',
    port: 0,
    folder,
    work: true,
    precision: 'f32',
    worker: { checkpointEvery: 1, beat: 20, poll: 20 },
    log() {},
    ...more,
  });
interface Job {
  id: string;
  state: string;
  step: number;
  attempt: number;
  error: unknown;
}
const jobOf = async (url: string, id: string) => (await (await fetch(`${url}/v1/jobs/${id}`)).json()) as Job;
const finished = (url: string, id: string) =>
  until(`job ${id}`, async () => !/queued|running/.test((await jobOf(url, id)).state), 50_000);
const resultOf = async (url: string, id: string) =>
  Buffer.from(await (await fetch(`${url}/v1/jobs/${id}/result`)).arrayBuffer());

const [content, style] = [await png(32, 32, 1), await png(32, 32, 5)];
async function hand(url: string, iterations: number): Promise<string> {
  const body = form({ content, styles: style, options: { size: 32, iterations, seed: 3 } });
  return ((await (await fetch(`${url}/v1/stylize`, { method: 'POST', body })).json()) as Job).id;
}

/** What the same run gives without a service. */
async function expected(iterations: number): Promise<Buffer> {
  const platform = nodePlatform();
  const device = await Device.open(platform);
  try {
    const { image } = await stylize({
      device,
      weights: await findWeights('vgg19-slim', { env: {} }),
      content: await readPicture(content),
      style: await readPicture(style),
      options: { size: 32, iterations, seed: 3 },
    });
    return encodePicture(image, 'png');
  } finally {
    device.destroy();
    platform.dispose();
  }
}

describe('a picture', { timeout: 120_000 }, () => {
  it('has the bits of the library, also over a stop and a start in its middle', async () => {
    const folder = newFolder();
    const first = await start(folder);
    const id = await hand(first.url, 80);
    await until('some steps', async () => (await jobOf(first.url, id)).step > 5, 50_000);
    await first.stop();
    const second = await start(folder);
    try {
      await finished(second.url, id);
      expect(await jobOf(second.url, id)).toMatchObject({ state: 'done', attempt: 2, step: 80 });
      expect(Buffer.compare(await resultOf(second.url, id), await expected(80))).toBe(0);
    } finally {
      await second.stop();
    }
  });

  it('survives its device, from the last checkpoint on', async () => {
    const devices: Device[] = [];
    const service = await start(newFolder(), { gpu: { onDevice: (device) => devices.push(device) } });
    try {
      const id = await hand(service.url, 60);
      await until('some steps', async () => (await jobOf(service.url, id)).step > 5, 50_000);
      devices[0]!.gpu.destroy();
      await finished(service.url, id);
      expect(await jobOf(service.url, id)).toMatchObject({ state: 'done', attempt: 2 });
      expect(devices).toHaveLength(2);
      expect(Buffer.compare(await resultOf(service.url, id), await expected(60))).toBe(0);
    } finally {
      await service.stop();
    }
  });
});

describe('faces', { timeout: 180_000 }, () => {
  it('are answered while a picture is being made, between its steps', async () => {
    const service = await start(newFolder());
    try {
      const id = await hand(service.url, 3000);
      await until('some steps', async () => (await jobOf(service.url, id)).step > 2, 50_000);
      const body = form({ picture: await png(64, 64) });
      const response = await fetch(`${service.url}/v1/faces/detect`, { method: 'POST', body });
      expect(await response.json()).toEqual({ faces: [] });
      expect((await jobOf(service.url, id)).state).toBe('running');
      await fetch(`${service.url}/v1/jobs/${id}/cancel`, { method: 'POST' });
      await finished(service.url, id);
      expect((await jobOf(service.url, id)).state).toBe('cancelled');
    } finally {
      await service.stop();
    }
  });

  it('are enrolled, compared, named, renamed and removed, and the log has no names', async () => {
    const picture = join(
      dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
      'demo',
      'sample6.jpg',
    );
    const cut = (left: number, top: number, side: number) =>
      sharp(picture).extract({ left, top, width: side, height: side });
    const ann = await cut(90, 420, 480).resize(200).png().toBuffer();
    const annAgain = await cut(90, 420, 480).resize(180).modulate({ brightness: 0.9 }).png().toBuffer();
    const bea = await cut(540, 290, 460).resize(200).png().toBuffer();
    const folder = newFolder();
    const service = await start(folder, { work: false });
    const post = async (verb: string, parts: Parameters<typeof form>[0]) => {
      const response = await fetch(`${service.url}/v1/faces/${verb}`, { method: 'POST', body: form(parts) });
      return (await response.json()) as Record<string, unknown> & { error?: object };
    };
    try {
      expect(await post('identify', { picture: ann })).toMatchObject({
        error: {
          code: 'unusable',
          message: 'gallery: no collection "people"; it holds none; enroll makes one',
        },
      });
      expect(await post('enroll', { pictures: [ann, ann], options: { name: 'Ann Example' } })).toMatchObject({
        pictures: [{ status: 'enrolled' }, { status: 'duplicate' }],
      });
      expect(
        await post('enroll', { pictures: await png(64, 64), options: { name: 'Nobody' } }),
      ).toMatchObject({
        pictures: [{ status: 'refused', reasons: ['no face was found'] }],
      });
      const { faces } = (await post('identify', { picture: annAgain })) as { faces: { person: string }[] };
      expect(faces.map(({ person }) => person)).toEqual(['Ann Example']);
      expect(await post('verify', { a: annAgain, b: ann })).toMatchObject({ same: true });
      expect(await post('verify', { a: annAgain, b: bea })).toMatchObject({ same: false });
      expect(await post('verify', { a: annAgain, b: await png() })).toMatchObject({
        error: { message: 'b: no face was found in 32x32 px' },
      });
      const people = `${service.url}/v1/collections/people/people`;
      await fetch(`${people}/Ann%20Example`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: '{"name":"Anna"}',
      });
      expect(await (await fetch(people)).json()).toEqual({
        people: [{ name: 'Anna', samples: 1 }],
        next: null,
      });
      expect(await (await fetch(`${people}/Anna`, { method: 'DELETE' })).json()).toEqual({ samples: 1 });
      expect((await fetch(`${people}/Anna`, { method: 'DELETE' })).status).toBe(422);
    } finally {
      await service.stop();
    }
    const log = readFileSync(join(folder, 'audit.jsonl'), 'utf8');
    const entries = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string; phase: string; people?: string[] });
    expect(log).not.toMatch(/Ann|Nobody/);
    expect(entries.map(({ action, phase }) => `${action} ${phase}`)).toEqual(
      [
        ['identify', 'failed'],
        ['enroll', 'done'],
        ['enroll', 'done'],
        ['identify', 'done'],
        ['verify', 'done'],
        ['verify', 'done'],
        ['verify', 'failed'],
        ['rename', 'done'],
        ['remove', 'done'],
        ['remove', 'failed'],
      ].flatMap(([action, end]) => [`${action} begun`, `${action} ${end}`]),
    );
    // The same person is the same hash, which who has the key can make.
    const audit = await Audit.open(folder);
    expect(entries[2]!.people).toEqual([audit.subject('Ann Example')]);
    expect(entries[7]!.people).toEqual([audit.subject('Ann Example')]);
    await audit.close();
  });
});

describe('the command', { timeout: 120_000 }, () => {
  it('ends at SIGTERM with 0 and goes on at the next start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'facet-serve-'));
    folders.push(folder);
    const run = (work: (url: string, kill: (signal: NodeJS.Signals) => void) => Promise<void>) => {
      let begun = false;
      let trouble: unknown;
      return facet(['serve', '--port', '0', '--data', folder, '--checkpoint-every', '0.05'], {
        onStderr(text, kill) {
          const url = /listening on (\S+)/.exec(text)?.[1];
          if (!url || begun) return;
          begun = true;
          work(url, kill).catch((error: unknown) => {
            trouble = error;
            kill('SIGKILL');
          });
        },
      }).then((outcome) => {
        if (trouble) throw trouble;
        return outcome;
      });
    };
    let id = '';
    const first = await run(async (url, kill) => {
      id = await hand(url, 500);
      await until('some steps', async () => (await jobOf(url, id)).step > 3, 50_000);
      kill('SIGTERM');
    });
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain('stopping: the picture that is being made is kept');
    const second = await run(async (url, kill) => {
      await until('going on', async () => (await jobOf(url, id)).attempt === 2, 50_000);
      expect((await jobOf(url, id)).step).toBeGreaterThan(3);
      kill('SIGTERM');
    });
    expect(second.code, second.stderr).toBe(0);
    expect(readFileSync(join(folder, 'audit.jsonl'), 'utf8')).toBe('');
  });

  it('refuses to be seen without a token, and prints none', async () => {
    const token = 'correct-horse-battery-staple';
    const seen = await facet(['serve', '--host', '0.0.0.0', '--port', '0'], { env: { FACET_TOKEN: '' } });
    expect(seen.code).toBe(2);
    expect(seen.stderr).toContain('can be reached from other machines: give a token');
    const bad = await facet(['serve', '--host', '192.0.2.1', '--port', '0'], { env: { FACET_TOKEN: token } });
    expect(bad.code).toBe(2);
    expect(bad.stderr + bad.stdout).not.toContain(token);
  });
});
