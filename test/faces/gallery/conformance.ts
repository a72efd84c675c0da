// What every store of galleries must do, whatever it is built on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../../src/base/errors.js';
import type { Collection, GalleryStore, NewSample } from '../../../src/faces/index.js';
import { atAngle, bruteDistance, CONTRACT, collect, direction, OTHER, sampleOf, sha256 } from './samples.js';

let number = 0;

/** Runs the suite on the store that `open` gives; it may hold other collections. */
export function conforms(open: () => Promise<GalleryStore>): void {
  let store: GalleryStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store?.close());

  /** A new collection with these samples. */
  async function filled(...samples: NewSample[]): Promise<Collection> {
    const collection = await store.createCollection(`c${++number}`, CONTRACT);
    if (samples.length > 0) await collection.enroll(samples);
    return collection;
  }

  /** The message of the InputError that `work` must reject with; it is one line. */
  async function refusal(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(InputError);
    const { message } = error as InputError;
    expect(message).not.toContain('\n');
    expect(message).toContain(store.location);
    return message;
  }

  const names = async (c: Collection) =>
    (await c.people()).items.map(({ name, samples }) => `${name} ${samples}`);

  describe('collections', () => {
    it('are made once, listed by name, opened and deleted', async () => {
      const name = `Größe "x"; drop table ${++number}`;
      await store.createCollection(`  ${name} `, CONTRACT);
      expect(await refusal(store.createCollection(name, OTHER))).toContain('already');
      await (await store.openCollection(name, CONTRACT)).enroll([sampleOf('Ann', 1), sampleOf('Ann', 2)]);
      const [facts] = (await store.listCollections()).filter((c) => c.name === name);
      expect(facts).toEqual({
        name,
        contract: CONTRACT,
        threshold: null,
        calibration: null,
        created: expect.stringMatching(/^\d{4}-.*Z$/),
        people: 1,
        samples: 2,
      });
      const all = (await store.listCollections()).map((c) => c.name);
      expect(all).toEqual([...all].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      const open = await store.openCollection(name, CONTRACT);
      await store.deleteCollection(name);
      expect(await refusal(store.deleteCollection(name))).toContain('there is no collection');
      expect(await refusal(store.openCollection(name))).toContain('there is no collection');
      expect(await refusal(open.enroll([sampleOf('Ann', 3)]))).toContain('there is no collection');
      expect(await refusal(open.facts())).toContain('there is no collection');
    });

    it('refuse another model contract and name both', async () => {
      const { name } = await filled(sampleOf('Ann', 1));
      const message = await refusal(store.openCollection(name, OTHER));
      expect(message).toContain(`resnet34 (weights ${CONTRACT.weights.slice(0, 12)}`);
      expect(message).toContain(`nn4.small2 (weights ${OTHER.weights.slice(0, 12)}`);
      expect(message).toContain('reembed');
      const unpinned = await store.openCollection(name);
      expect(await names(unpinned)).toEqual(['Ann 1']);
      expect(await refusal(unpinned.search(direction(1), 1))).toContain('without a model contract');
      expect(await refusal(unpinned.enroll([sampleOf('Ann', 2)]))).toContain('without a model contract');
    });

    it('keep threshold and calibration', async () => {
      const c = await filled();
      await c.setThreshold(0.385, { kind: 'platt', a: -12.5, b: [4, null, 'x'] });
      expect(await c.facts()).toMatchObject({
        threshold: 0.385,
        calibration: { kind: 'platt', a: -12.5, b: [4, null, 'x'] },
      });
      expect(await refusal(c.setThreshold(4.1))).toContain('threshold');
      expect(await refusal(c.setThreshold(Number.NaN))).toContain('threshold');
      await c.setThreshold(null);
      expect(await c.facts()).toMatchObject({ threshold: null, calibration: null });
    });

    it('do not see each other', async () => {
      const [a, b] = [
        await filled(sampleOf('Ann', 1, { id: 's1' })),
        await filled(sampleOf('Bob', 1, { id: 's1' })),
      ];
      expect((await a.search(direction(1), 5)).map(({ person }) => person)).toEqual(['Ann']);
      expect((await b.search(direction(1), 5)).map(({ person }) => person)).toEqual(['Bob']);
      await a.removePerson('Ann');
      expect(await names(b)).toEqual(['Bob 1']);
    });
  });

  describe('samples', () => {
    it('come back as they went in, page by page in the order of enrolment', async () => {
      const c = await filled();
      const crop = Uint8Array.from({ length: 300 }, (_, i) => i);
      const quality = { width: 120.5, blurred: false, note: 'größer' };
      const first = sampleOf('Zoë', 1, { id: 'z', time: '2026-01-02T03:04:05.000Z', crop, quality });
      await c.enroll([first]);
      const rest = Array.from({ length: 6 }, (_, i) => sampleOf(i % 2 ? 'Ann' : 'Bob', 10 + i));
      const outcomes = await c.enroll(rest);
      expect(outcomes.map(({ status, person }) => `${status} ${person}`)).toEqual(
        rest.map(({ person }) => `enrolled ${person}`),
      );
      const pages = [];
      for (let after: string | undefined, more = true; more; ) {
        const page = await c.samples({ limit: 3, ...(after === undefined ? {} : { after }) });
        pages.push(page.items);
        after = page.next;
        more = after !== undefined;
      }
      expect(pages.map((items) => items.length)).toEqual([3, 3, 1]);
      const all = pages.flat();
      expect(all[0]).toEqual(first);
      expect(all.slice(1).map(({ id }) => id)).toEqual(outcomes.map(({ id }) => id));
      expect(all.slice(1).map(({ embedding }) => embedding)).toEqual(rest.map(({ embedding }) => embedding));
      expect(all[1]).toMatchObject({ crop: null, quality: {} });
      const ofAnn = (await c.samples({ person: 'Ann' })).items;
      expect(ofAnn.map(({ source }) => source)).toEqual(['photos/11.jpg', 'photos/13.jpg', 'photos/15.jpg']);
    });

    it('with a known crop are not added again', async () => {
      const c = await filled(sampleOf('Ann', 1, { id: 'a' }));
      const outcomes = await c.enroll([
        sampleOf('Ann', 1),
        sampleOf('Bob', 1),
        sampleOf('Bob', 2, { id: 'b' }),
        sampleOf('Cid', 2),
      ]);
      expect(outcomes).toEqual([
        { status: 'duplicate', id: 'a', person: 'Ann' },
        { status: 'duplicate', id: 'a', person: 'Ann' },
        { status: 'enrolled', id: 'b', person: 'Bob' },
        { status: 'duplicate', id: 'b', person: 'Bob' },
      ]);
      // Nobody is made by a duplicate.
      expect(await names(c)).toEqual(['Ann 1', 'Bob 1']);
    });

    it('are refused whole where one breaks a rule', async () => {
      const c = await filled(sampleOf('Ann', 1, { id: 'a' }));
      const good = sampleOf('Bob', 2);
      const bad: [NewSample, string][] = [
        [sampleOf('Bob', 3, { embedding: direction(3).map((x) => 1.001 * x) }), 'length 1'],
        [sampleOf('Bob', 3, { embedding: direction(3).fill(Number.NaN, 5, 6) }), 'length 1'],
        [sampleOf('Bob', 3, { embedding: new Float32Array(127) }), '128'],
        [sampleOf('', 3), 'empty'],
        [sampleOf('a\nb', 3), 'line breaks'],
        [sampleOf('x'.repeat(201), 3), '200'],
        [sampleOf('Bob', 3, { cropHash: 'ABC' }), 'hexadecimal'],
        [sampleOf('Bob', 3, { time: 'yesterday' }), 'time'],
        [sampleOf('Bob', 3, { source: 'a\0b' }), 'source'],
        [sampleOf('Bob', 3, { quality: { x: Number.NaN } }), 'quality'],
        [sampleOf('Bob', 3, { crop: new Uint8Array() }), 'crop'],
        [sampleOf('Bob', 3, { id: 'a' }), '"a" belongs to another crop'],
      ];
      for (const [sample, part] of bad) {
        const error = await c.enroll([good, sample]).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(InputError);
        expect((error as InputError).message).toContain('enrolling sample 2 of 2');
        expect((error as InputError).message).toContain(part);
      }
      expect(await names(c)).toEqual(['Ann 1']);
    });

    it('take their person along when the last one goes', async () => {
      const c = await filled(sampleOf('Ann', 1, { id: 'a' }), sampleOf('Ann', 2, { id: 'b' }));
      await c.removeSample('a');
      expect(await names(c)).toEqual(['Ann 1']);
      await c.removeSample('b');
      expect(await names(c)).toEqual([]);
      expect(await refusal(c.removeSample('b'))).toContain('there is no sample "b"');
      expect(await c.enroll([sampleOf('Ann', 1, { id: 'a' })])).toMatchObject([{ status: 'enrolled' }]);
    });
  });

  describe('people', () => {
    it('are listed by code points, page by page, in composed form', async () => {
      const people = ['b', 'a', 'Ä', '\u{1F600}', '\uFB01', 'Z', 'A\u0308 2'];
      const c = await filled(...people.map((name, i) => sampleOf(name, i)));
      const expected = ['Z', 'a', 'b', 'Ä', 'Ä 2', '\uFB01', '\u{1F600}'];
      const seen: string[] = [];
      let page = await c.people({ limit: 3 });
      for (;;) {
        seen.push(...page.items.map(({ name }) => name));
        if (page.next === undefined) break;
        page = await c.people({ limit: 3, after: page.next });
      }
      expect(seen).toEqual(expected.map((name) => name.normalize('NFC')));
    });

    it('are renamed, and merged only when asked', async () => {
      const c = await filled(sampleOf('Ann', 1), sampleOf('Ann', 2), sampleOf('Bob', 3));
      expect(await c.rename('Ann', 'Anna')).toEqual({ merged: false, samples: 2 });
      expect(await names(c)).toEqual(['Anna 2', 'Bob 1']);
      expect(await refusal(c.rename('Anna', 'Bob'))).toContain('"Bob" already');
      expect(await refusal(c.rename('Ann', 'Bob'))).toContain('nobody called "Ann"');
      expect(await c.rename('Bob', 'Bob')).toEqual({ merged: false, samples: 1 });
      expect(await c.rename('Anna', 'Bob', { merge: true })).toEqual({ merged: true, samples: 2 });
      expect(await names(c)).toEqual(['Bob 3']);
      expect((await c.search(direction(1), 1))[0]).toMatchObject({ person: 'Bob' });
    });

    it('are removed with all their samples', async () => {
      const c = await filled(sampleOf('Ann', 1), sampleOf('Bob', 2), sampleOf('Ann', 3));
      expect(await c.removePerson('Ann')).toBe(2);
      expect(await names(c)).toEqual(['Bob 1']);
      expect(await refusal(c.removePerson('Ann'))).toContain('nobody called "Ann"');
      expect((await c.search(direction(1), 9)).map(({ person }) => person)).toEqual(['Bob']);
    });
  });

  describe('search', () => {
    it('gives the nearest samples in float64, ties by name and id', async () => {
      const same = { embedding: direction(7) };
      const c = await filled(
        sampleOf('Bob', 1, { ...same, id: 'x' }),
        sampleOf('Ann', 2, { ...same, id: 'z' }),
        sampleOf('Ann', 3, { ...same, id: 'y' }),
        sampleOf('Cid', 4),
      );
      const query = direction(8);
      const near = bruteDistance(query, direction(7));
      const far = bruteDistance(query, direction(4));
      const [last] = far < near ? [0] : [3];
      const found = await c.search(query, 4);
      expect(found.filter(({ person }) => person !== 'Cid').map(({ id }) => id)).toEqual(['y', 'z', 'x']);
      expect(found[last!]).toMatchObject({ person: 'Cid' });
      for (const { person, distance } of found) {
        expect(Math.abs(distance - (person === 'Cid' ? far : near))).toBeLessThan(1e-14);
      }
      expect(await c.search(query, 2)).toEqual(found.slice(0, 2));
    });

    it('takes a finder of candidates, and ranks what it finds again', async () => {
      const c = await filled(...Array.from({ length: 60 }, (_, i) => sampleOf(`p${i % 7}`, i)));
      const query = direction(1000);
      const exact = await c.search(query, 5, { exact: true });
      const asked: number[] = [];
      const nearest = (q: Float32Array, vectors: Float32Array, count: number) => {
        asked.push(count);
        const rows = Array.from({ length: vectors.length / 128 }, (_, row) => row);
        const distance = (row: number) => bruteDistance(q, vectors.subarray(row * 128, row * 128 + 128));
        return rows.sort((a, b) => distance(b) - distance(a)).slice(-count);
      };
      expect(await c.search(query, 5, { nearest })).toEqual(exact);
      expect(asked[0]).toBeGreaterThan(5);
      const byPerson = await c.identify(query, { k: 7, threshold: 4, nearest });
      expect(byPerson).toEqual(await c.identify(query, { k: 7, threshold: 4, exact: true }));
      expect(byPerson.candidates).toHaveLength(7);
      await expect(c.search(query, 5, { nearest: () => [0] })).rejects.toThrow('found 1 of 60');
      await expect(c.search(query, 5, { nearest: () => Array(37).fill(60) })).rejects.toThrow('no row 60');
    });

    it('refuses queries and counts that make no sense', async () => {
      const c = await filled(sampleOf('Ann', 1));
      expect(await refusal(c.search(new Float32Array(128), 1))).toContain('length 1');
      await expect(c.search(direction(1), 0)).rejects.toThrow('k must be');
      await expect(c.people({ limit: 1.5 })).rejects.toThrow('limit must be');
      await expect(c.samples({ after: 'x' })).rejects.toThrow('cursor');
    });

    it('of an empty collection finds nobody', async () => {
      const c = await filled();
      expect(await c.search(direction(1), 3)).toEqual([]);
      expect(await c.identify(direction(1), { threshold: 1 })).toEqual({
        person: null,
        threshold: 1,
        candidates: [],
      });
    });
  });

  describe('identify', () => {
    // Ann at 0 and 60 degrees, Bob at 35; the query at 25.
    const degree = Math.PI / 180;
    const people = () =>
      filled(
        sampleOf('Ann', 1, { embedding: atAngle(0) }),
        sampleOf('Ann', 2, { embedding: atAngle(60 * degree) }),
        sampleOf('Bob', 3, { embedding: atAngle(35 * degree) }),
      );
    const apart = (degrees: number) => 2 - 2 * Math.cos(degrees * degree);

    it.each([
      ['best', apart(25), apart(10), 'Bob'],
      ['mean', (apart(25) + apart(35)) / 2, apart(10), 'Bob'],
      ['centroid', apart(5), apart(10), 'Ann'],
    ] as const)('by %s weighs samples as stated', async (rule, ann, bob, winner) => {
      const c = await people();
      const options = { rule, threshold: apart(11) };
      const { person, candidates } = await c.identify(atAngle(25 * degree), options);
      expect(person).toBe(winner);
      const distances = new Map(candidates.map((candidate) => [candidate.person, candidate.distance]));
      // f32 coordinates of the angles err by 2⁻²⁴ each.
      expect(Math.abs(distances.get('Ann')! - ann)).toBeLessThan(1e-6);
      expect(Math.abs(distances.get('Bob')! - bob)).toBeLessThan(1e-6);
      expect(await (await c.snapshot()).identify(atAngle(25 * degree), options)).toEqual({
        person,
        candidates,
        threshold: apart(11),
      });
    });

    it('says unknown beyond the threshold, which the collection may keep', async () => {
      const c = await people();
      expect(await refusal(c.identify(atAngle(0)))).toContain('no threshold');
      await c.setThreshold(apart(20));
      expect((await c.identify(atAngle(-15 * degree))).person).toBe('Ann');
      const stranger = await c.identify(atAngle(-30 * degree));
      expect(stranger.person).toBeNull();
      expect(stranger.candidates.map(({ person }) => person)).toEqual(['Ann', 'Bob']);
      expect((await c.identify(atAngle(-30 * degree), { threshold: 1 })).person).toBe('Ann');
      expect((await c.identify(atAngle(0), { k: 1 })).candidates).toHaveLength(1);
    });
  });

  describe('JSON Lines', () => {
    async function exported(): Promise<string[]> {
      const c = await filled(
        sampleOf('Ann', 1, { crop: Uint8Array.of(0, 255, 7), quality: { sharp: 3.25 } }),
        sampleOf('Bob "B"', 2),
        sampleOf('Ann', 3),
      );
      await c.setThreshold(0.4, { kind: 'x' });
      return collect(c.exportLines());
    }

    it('come back exactly', async () => {
      const lines = await exported();
      const into = `c${++number}`;
      expect(await store.importLines(lines, 'a.jsonl', { into })).toEqual({
        collection: into,
        enrolled: 3,
        duplicates: 0,
        conflicts: [],
      });
      const copy = await store.openCollection(into, CONTRACT);
      const again = await collect(copy.exportLines());
      expect(again.slice(1)).toEqual(lines.slice(1));
      expect(JSON.parse(again[0]!)).toEqual({ ...JSON.parse(lines[0]!), name: into });
      // A second time nothing is added.
      expect(await store.importLines(lines, 'a.jsonl', { into })).toMatchObject({
        enrolled: 0,
        duplicates: 3,
      });
      expect((await copy.facts()).samples).toBe(3);
    });

    it('are of one net: where the collection is rebuilt meanwhile, no line of the other follows', async () => {
      const c = await filled(sampleOf('Ann', 1, { id: 'x1' }));
      const lines = (await store.openCollection(c.name)).exportLines();
      expect(JSON.parse((await lines.next()).value!).contract).toEqual(CONTRACT);
      await c.reembed(OTHER, new Map([['x1', direction(2)]]));
      expect(await refusal(lines.next())).toMatch(/holds embeddings of .*, not of /);
    });

    it('merge into what is there: known crops are skipped, a threshold stays', async () => {
      const lines = await exported();
      const c = await filled(sampleOf('Anna', 1));
      await c.setThreshold(0.2);
      const outcome = await store.importLines(lines, 'a.jsonl', { into: c.name });
      expect(outcome).toMatchObject({ enrolled: 2, duplicates: 1 });
      expect(outcome.conflicts).toEqual([{ line: 2, person: 'Ann', known: 'Anna' }]);
      expect(await c.facts()).toMatchObject({ threshold: 0.2, calibration: null, people: 3, samples: 3 });
    });

    it('are refused whole, with the number of the line', async () => {
      const lines = await exported();
      const [head, first, second, third, last] = lines as [string, string, string, string, string];
      const edit = (line: string, change: object) => JSON.stringify({ ...JSON.parse(line), ...change });
      const cases: [string[], string][] = [
        [[], 'f.jsonl: the file is empty'],
        [[head, first, second, '{"id":', last], 'f.jsonl:4: must be JSON'],
        [[head, first, '', third, last], 'f.jsonl:3: must be JSON'],
        [[head, first, edit(second, { embedding: [1, 2] }), third, last], 'f.jsonl:3: embedding'],
        [
          [head, first, second, edit(third, { embedding: Array(128).fill(0.1) }), last],
          'f.jsonl:4: an embedding',
        ],
        [[head, first, edit(second, { extra: 1 }), third, last], 'f.jsonl:3: Unrecognized key: "extra"'],
        [[head, first, edit(second, { crop: '???' }), third, last], 'f.jsonl:3: crop'],
        [[head, first, edit(second, { id: JSON.parse(first).id }), third, last], 'f.jsonl:3: the id'],
        [[edit(head, { version: 2 }), first, last], 'f.jsonl:1: the file has version 2'],
        [[edit(head, { format: 'x' }), first, last], 'f.jsonl:1: is no gallery'],
        [
          [edit(head, { contract: { ...CONTRACT, dimension: 64 } }), first, last],
          'f.jsonl:1: contract: dimension',
        ],
        [[first, last], 'f.jsonl:1: is no gallery'],
        [lines.slice(0, -1), 'is not whole: it has 3 samples'],
        [[head, first, last], 'is not whole: it has 1 samples, the last line says 3'],
        [[...lines, first], 'f.jsonl:6: there is more'],
      ];
      const into = `c${++number}`;
      for (const [content, part] of cases) {
        const error = await store.importLines(content, 'f.jsonl', { into }).catch((e: unknown) => e);
        expect(error, part).toBeInstanceOf(InputError);
        expect((error as InputError).message).toContain(part);
      }
      expect((await store.listCollections()).map(({ name }) => name)).not.toContain(into);
      const other = await store.createCollection(`c${++number}`, OTHER);
      expect(await refusal(store.importLines(lines, 'f.jsonl', { into: other.name }))).toContain(
        'nn4.small2',
      );
    });
  });

  it('reembed gives every sample a new embedding, and the collection its new contract', async () => {
    const c = await filled(sampleOf('Ann', 1, { id: 'a' }), sampleOf('Bob', 2, { id: 'b' }));
    await c.setThreshold(0.3);
    const fresh = new Map([
      ['a', direction(11)],
      ['b', direction(12)],
    ]);
    expect(await refusal(c.reembed(OTHER, new Map([['a', direction(11)]])))).toContain('1 of 2 samples');
    expect(await refusal(c.reembed(OTHER, new Map([...fresh, ['x', direction(1)]])))).toContain(
      '3 new embeddings',
    );
    expect((await c.search(direction(1), 1))[0]!.distance).toBe(0);
    const next = await c.reembed(OTHER, fresh);
    expect((await next.search(direction(12), 1))[0]).toEqual({ id: 'b', person: 'Bob', distance: 0 });
    expect(await next.facts()).toMatchObject({ contract: OTHER, threshold: null });
    expect(await refusal(c.search(direction(1), 1))).toContain('nn4.small2');
    expect(await refusal(c.enroll([sampleOf('Ann', 3)]))).toContain('nn4.small2');
  });

  it('gives all embeddings in blocks', async () => {
    const samples = Array.from({ length: 10 }, (_, i) =>
      sampleOf(`p${i}`, i, { cropHash: sha256(`block ${i}`) }),
    );
    const c = await filled(...samples);
    const pages = await collect(c.vectors(4));
    expect(pages.map(({ ids }) => ids.length)).toEqual([4, 4, 2]);
    expect(pages.flatMap(({ people }) => people)).toEqual(samples.map(({ person }) => person));
    expect(pages.flatMap(({ vectors }) => [...vectors])).toEqual(samples.flatMap((s) => [...s.embedding]));
    const { page } = await c.snapshot();
    expect(page.ids).toEqual(pages.flatMap(({ ids }) => ids));
    expect([...page.vectors]).toEqual(samples.flatMap((s) => [...s.embedding]));
  });
}
