// People, crops and batches, without a GPU.
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Aligned, alignPeople, cropGiven } from '../../harness/node/training/align-people.js';
import { CropCache } from '../../harness/node/training/crop-cache.js';
import { faceBatch, samplesOf, TeacherTargets } from '../../harness/node/training/face-batches.js';
import { listPeople } from '../../harness/node/training/people.js';
import { holdOut, validationPairs } from '../../harness/node/training/split.js';
import { TeacherCache } from '../../harness/node/training/teacher-cache.js';
import { InputError } from '../../src/base/errors.js';
import { OPENFACE_TEMPLATE, withMargin } from '../../src/faces/align.js';
import { FACE_VARIATION, NO_VARIATION } from '../../src/training/recipes.js';
import { plainSampler } from '../../src/training/samplers.js';
import { drawPeople } from './drawn-people.js';

const folder = mkdtempSync(join(tmpdir(), 'facet-people-'));
const people = join(folder, 'people');
const template = withMargin(OPENFACE_TEMPLATE, 4);
const contract = { template: template.name, side: 104, source: 'given', nets: '' } as const;

beforeAll(async () => {
  await drawPeople(people, 3, 3);
  writeFileSync(join(people, 'Person 01', 'notes.txt'), 'not a picture');
  mkdirSync(join(people, 'Person 01', 'within'));
  mkdirSync(join(people, 'Nobody'));
  writeFileSync(join(people, 'loose.png'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function align(cache: CropCache): Promise<Aligned> {
  return alignPeople(cache, people, await listPeople(people), (work) => work(cropGiven(template, 96)));
}

describe('listPeople', () => {
  it('finds each folder of pictures and says what it passes over', async () => {
    const listing = await listPeople(people);
    expect(listing.pictures).toBe(9);
    expect(listing.people.map(({ name, files }) => [name, files.length])).toEqual([
      ['Person 01', 3],
      ['Person 02', 3],
      ['Person 03', 3],
    ]);
    const reasons = listing.skipped.map(({ reason }) => reason).sort();
    expect(reasons).toEqual([
      'holds no picture',
      'is a folder within the folder of a person',
      'is no picture by its name',
      'lies in no folder of a person',
    ]);
  });
});

describe('100,000 pictures', { timeout: 240_000 }, () => {
  const many = join(folder, 'many');
  const [PEOPLE, PICTURES] = [1000, 100];

  it('are listed in little time and memory, none of them opened', async () => {
    // Names of one file a person that nobody may read: links cost no room, and whoever opened one would fail.
    for (let person = 0; person < PEOPLE; person++) {
      const own = join(many, `Person ${person}`);
      mkdirSync(own, { recursive: true });
      writeFileSync(join(own, '0.jpg'), 'no picture');
      for (let i = 1; i < PICTURES; i++) linkSync(join(own, '0.jpg'), join(own, `${i}.jpg`));
    }
    const [cpu, heap] = [process.cpuUsage(), process.memoryUsage().heapUsed];
    const listing = await listPeople(many);
    const { user, system } = process.cpuUsage(cpu);
    expect(listing.pictures).toBe(PEOPLE * PICTURES);
    expect(listing.people).toHaveLength(PEOPLE);
    expect(listing.skipped).toEqual([]);
    // Some 0.3 s and 10 MiB: a second stat a file, or a listing that is searched for each name, would be seen.
    expect((user + system) / 1e6).toBeLessThan(10);
    expect((process.memoryUsage().heapUsed - heap) / 2 ** 20).toBeLessThan(64);
  });
});

describe('CropCache', () => {
  it('aligns once, and again only what changed', async () => {
    const place = join(folder, 'cache');
    const first = await CropCache.open(place, contract);
    expect(await align(first)).toMatchObject({ crops: 9, made: 9 });
    const before = await first.read(0);
    expect(before.landmarks).toBeUndefined();
    expect(before.pixels).toHaveLength(3 * 104 * 104);
    await first.close();

    // The edge of a face without room is repeated: the corner is that of the picture's first pixel.
    expect([...before.pixels.subarray(0, 3)]).toEqual([
      ...before.pixels.subarray(3 * (4 * 104 + 4), 3 * (4 * 104 + 5)),
    ]);

    const again = await CropCache.open(place, contract);
    expect(await align(again)).toMatchObject({ crops: 9, made: 0 });
    const touched = join(people, 'Person 02', '2.png');
    utimesSync(touched, new Date(), new Date(Date.now() - 1000));
    expect(await align(again)).toMatchObject({ crops: 9, made: 1 });
    // The same content: no new record.
    expect(again.length).toBe(9);
    const bytes = readFileSync(touched);
    writeFileSync(touched, readFileSync(join(people, 'Person 03', '1.png')));
    const changed = await align(again);
    expect(changed.made).toBe(1);
    expect(again.length).toBe(10);
    expect(changed.people[1]!.crops[1]!.record).toBe(9);
    writeFileSync(touched, bytes);
    await again.close();
  });

  it('cuts off what a killed process left', async () => {
    const place = join(folder, 'torn');
    const cache = await CropCache.open(place, contract);
    await align(cache);
    await cache.close();
    const size = statSync(join(place, 'crops.bin')).size;
    appendFileSync(join(place, 'crops.bin'), new Uint8Array(5000));
    appendFileSync(join(place, 'index.jsonl'), '{"path":"Person 03/4.p');
    writeFileSync(join(place, 'lock'), '999999999');
    const opened = await CropCache.open(place, contract);
    expect(opened.length).toBe(9);
    expect(statSync(join(place, 'crops.bin')).size).toBe(size);
    expect(await align(opened)).toMatchObject({ crops: 9, made: 0 });
    await opened.close();
    expect(existsSync(join(place, 'lock'))).toBe(false);
  });

  it('refuses a second writer, another contract, and files that lack something', async () => {
    const place = join(folder, 'refused');
    const cache = await CropCache.open(place, contract);
    await align(cache);
    writeFileSync(join(place, 'lock'), '1');
    await expect(CropCache.open(place, contract)).rejects.toThrow(/is being written by process 1/);
    await cache.close();
    await expect(CropCache.open(place, { ...contract, side: 96 })).rejects.toThrow(
      /made with side 104, asked for is 96/,
    );
    writeFileSync(join(place, 'crops.bin'), new Uint8Array(10));
    await expect(CropCache.open(place, contract)).rejects.toThrow(/holds 10 bytes, 9 crops need/);
    writeFileSync(join(place, 'index.jsonl'), 'something else\n');
    await expect(CropCache.open(place, contract)).rejects.toThrow(InputError);
    rmSync(join(place, 'index.jsonl'));
    mkdirSync(join(place, 'index.jsonl'));
    await expect(CropCache.open(place, contract)).rejects.toThrow(/index.jsonl: is a folder/);
    expect(statSync(join(place, 'crops.bin')).size).toBe(10);
  });
});

describe('holdOut', () => {
  const many = Array.from({ length: 40 }, (_, i) => ({
    name: `person ${i}`,
    crops: Array.from({ length: i < 10 ? 1 : 3 }, (_, k) => ({
      path: `${i}/${k}`,
      record: 10 * i + k,
      sha256: `${i} ${k}`,
    })),
  }));
  it('holds people out by their names, with two pictures at least', () => {
    const { train, heldOut } = holdOut(many, 0.2, 1);
    expect(heldOut).toHaveLength(6);
    expect(train).toHaveLength(34);
    for (const person of heldOut) {
      expect(person.crops.length).toBeGreaterThan(1);
      expect(train).not.toContain(person);
    }
    expect(holdOut(many, 0.2, 1).heldOut).toEqual(heldOut);
    expect(holdOut(many, 0.2, 2).heldOut).not.toEqual(heldOut);
    // One who leaves changes the lot of one other at most.
    const [gone] = train.filter(({ crops }) => crops.length > 1);
    const rest = holdOut(
      many.filter((person) => person !== gone),
      0.2,
      1,
    ).heldOut;
    expect(rest.filter((person) => !heldOut.includes(person)).length).toBeLessThanOrEqual(1);
  });
  it('makes as many pairs of different people as of one, none twice', () => {
    const { heldOut } = holdOut(many, 0.2, 1);
    const pairs = validationPairs(heldOut, 1000, 1);
    expect(pairs.filter(({ same }) => same)).toHaveLength(18);
    expect(pairs.filter(({ same }) => !same)).toHaveLength(18);
    for (const { a, b, same } of pairs) expect(Math.floor(a / 10) === Math.floor(b / 10)).toBe(same);
    expect(new Set(pairs.map(({ a, b }) => `${a} ${b}`)).size).toBe(36);
    expect(validationPairs(heldOut, 5, 1)).toHaveLength(10);
  });
});

describe('faceBatch', () => {
  it('gives a step the same pictures, recipes and targets again', async () => {
    const cache = await CropCache.open(join(folder, 'cache'), contract);
    const aligned = await align(cache);
    const samples = samplesOf(aligned.people);
    const options = {
      cache,
      samples,
      sampler: plainSampler(samples.length, 4, 1),
      targets: undefined,
      variation: FACE_VARIATION,
      side: 96,
      seed: 3,
    };
    const batch = await faceBatch(options, 7);
    expect(await faceBatch(options, 7)).toEqual(batch);
    expect(await faceBatch(options, 8)).not.toEqual(batch);
    const [first] = options.sampler.at(7);
    const { pixels } = await cache.read(samples[first!]!.record);
    expect(batch.crops![5]).toBe(pixels[15]! + 256 * pixels[16]! + 65536 * pixels[17]!);
    expect(batch.labels![0]).toBe(samples[first!]!.person);
    const plain = await faceBatch({ ...options, variation: NO_VARIATION }, 7);
    expect(Array.from(plain.recipe!).slice(0, 4)).toEqual([4, 4, 0, 0.5]);
    await cache.close();
  });

  it('takes the common part of what a teacher says away', async () => {
    const cache = await CropCache.open(join(folder, 'cache'), contract);
    const aligned = await align(cache);
    const samples = samplesOf(aligned.people);
    const begun = await TeacherCache.open(cache, 'drawn', '0'.repeat(64));
    expect(() => begun.row(samples[0]!.sha256, false)).toThrow(/was not asked about the picture/);
    for (const [i, { sha256 }] of samples.entries()) {
      const drawn = (seed: number) =>
        Float32Array.from({ length: 128 }, (_, d) => 0.5 + 0.1 * Math.sin((2 * i + seed + 1) * (d + 1)));
      await begun.keep(sha256, drawn(0), drawn(1));
    }
    await begun.close();
    // A row that was not finished.
    appendFileSync(join(cache.folder, `teacher-drawn-${'0'.repeat(16)}.bin`), new Uint8Array(700));
    const teacher = await TeacherCache.open(cache, 'drawn', '0'.repeat(64));
    expect(samples.every(({ sha256 }) => teacher.has(sha256))).toBe(true);
    const targets = TeacherTargets.of(teacher, samples);
    const mean = new Float64Array(128);
    for (const { sha256 } of samples)
      for (const mirrored of [false, true])
        for (const [d, value] of teacher.row(sha256, mirrored).entries())
          mean[d]! += value / (2 * samples.length);
    const { sha256 } = samples[4]!;
    const centred = Array.from(teacher.row(sha256, true), (value, d) => value - mean[d]!);
    const length = Math.hypot(...centred);
    for (const [d, value] of targets.row(4, true).entries())
      expect(value).toBeCloseTo(centred[d]! / length, 5);
    await teacher.close();
    await cache.close();
  });
});
