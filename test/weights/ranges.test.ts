// Parts of a file, as they travel where only some tensors are needed.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadRanges, mergeRanges, readRange } from '../../src/platform/node-download.js';
import { type Behaviour, FileServer, noise } from './file-server.js';
import { failure } from './shared.js';

const content = noise(300_000);
const quick = { backoffMs: 1, retries: 3 };
let folder: string;
let server: FileServer;
let to: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-ranges-'));
  to = join(folder, 'file.bin');
  server = await FileServer.start(content);
});

afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function behave(behaviour: Behaviour): void {
  server.behaviour = behaviour;
}

describe('ranges', () => {
  const ranges = [
    { begin: 10, end: 1000 },
    { begin: 50_000, end: 120_000 },
    { begin: 299_000, end: 300_000 },
  ];
  const expected = Buffer.concat(ranges.map(({ begin, end }) => content.subarray(begin, end)));

  it('are merged where they touch or nearly do', () => {
    const list = [
      { begin: 50, end: 60 },
      { begin: 0, end: 10 },
      { begin: 10, end: 20 },
      { begin: 24, end: 30 },
      { begin: 15, end: 18 },
    ];
    expect(mergeRanges(list, 4)).toEqual([
      { begin: 0, end: 30 },
      { begin: 50, end: 60 },
    ]);
    expect(mergeRanges(list, 3)).toHaveLength(3);
    expect(mergeRanges([], 3)).toEqual([]);
  });

  it('are read into memory, cut at the end of the file', async () => {
    const got = await readRange(server.url, { begin: 299_990, end: 400_000 });
    expect(got!.bytes).toEqual(content.subarray(299_990));
    expect(got!.fileBytes).toBe(content.length);
    behave({ cuts: [10] });
    const again = await readRange(server.url, { begin: 0, end: 100 }, quick);
    expect(again!.bytes).toEqual(content.subarray(0, 100));
    behave({ ranges: false });
    expect(await readRange(server.url, { begin: 0, end: 10 })).toBeUndefined();
  });

  it('travel alone and go on after a cut, in a later call too', async () => {
    const { validator } = (await readRange(server.url, { begin: 0, end: 1 }))!;
    server.sent = 0;
    server.ranges.length = 0;
    // The first cut ends the first call, the other is mended within the second.
    behave({ cuts: [500, undefined, 20_000] });
    await failure(downloadRanges({ url: server.url, to, ranges, validator, retries: 0 }));
    const part = await downloadRanges({ ...quick, url: server.url, to, ranges, validator });
    expect(Buffer.compare(await readFile(part.path), expected)).toBe(0);
    expect(server.sent).toBe(expected.length);
    expect(server.ranges).toEqual([
      'bytes=10-999',
      'bytes=510-999',
      'bytes=50000-119999',
      'bytes=70000-119999',
      'bytes=299000-299999',
    ]);
  });

  it('are of one version of the file', async () => {
    behave({ etag: '"new"' });
    const message = await failure(downloadRanges({ url: server.url, to, ranges, validator: '"old"' }));
    expect(message).toContain('bytes 10 to 1000 cannot be had: the file there has changed');
  });
});
