// `facet face` as a user meets it: four people cut out of one picture that face-api ships, each in two versions.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { facet, type Outcome } from './facet.js';

const demo = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);
const picture = join(demo, 'sample6.jpg');
/** Where the four faces are, with some room; 1920x1537. */
const REGIONS = {
  Ann: { left: 90, top: 420, width: 480, height: 480 },
  Bea: { left: 540, top: 290, width: 460, height: 460 },
  Cleo: { left: 1040, top: 260, width: 380, height: 460 },
  Dora: { left: 1400, top: 230, width: 400, height: 450 },
};
const NAMES = Object.keys(REGIONS) as (keyof typeof REGIONS)[];

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

async function run(args: string[], code = 0): Promise<Outcome> {
  const outcome = await facet(args, {
    cwd: folder,
    env: { FACET_CACHE: at('no-cache'), FACET_DATA: at('data'), FACET_DATABASE_URL: '' },
  });
  expect(outcome.code, outcome.stderr).toBe(code);
  return outcome;
}
const json = async (args: string[], code = 0) => JSON.parse((await run([...args, '--json'], code)).stdout);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-face-'));
  mkdirSync(at('probes'));
  const lines = ['2\t2'];
  for (const name of NAMES) {
    mkdirSync(at('people', name), { recursive: true });
    const cut = () => sharp(picture).extract(REGIONS[name]);
    await cut()
      .jpeg()
      .toFile(at('people', name, `${name}_0001.jpg`));
    // As another camera would have it: smaller, darker, a little blurred.
    await cut()
      .resize(300)
      .modulate({ brightness: 0.85 })
      .blur(0.7)
      .jpeg({ quality: 70 })
      .toFile(at('people', name, `${name}_0002.jpg`));
    await cut()
      .resize(240)
      .modulate({ brightness: 1.1 })
      .png()
      .toFile(at('probes', `${name}.png`));
  }
  const [a, b, c, d] = NAMES;
  lines.push(`${a}\t1\t2`, `${b}\t1\t2`, `${a}\t1\t${b}\t2`, `${c}\t1\t${d}\t1`);
  lines.push(`${c}\t1\t2`, `${d}\t1\t2`, `${a}\t2\t${d}\t2`, `${b}\t1\t${c}\t2`);
  writeFileSync(at('pairs.txt'), lines.join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Each runs the command several times, some seconds each on a busy machine without a GPU.
describe('facet face', { timeout: 240_000 }, () => {
  it('enrols people, names them in other pictures, and keeps strangers unknown', async () => {
    for (const name of NAMES.slice(0, 3)) {
      const { enrolled } = await json([
        'face',
        'enroll',
        join('people', name),
        '--db',
        'g.db',
        '--keep-crops',
      ]);
      expect(enrolled).toBe(2);
    }
    const again = await json(['face', 'enroll', join('people', 'Ann'), '--db', 'g.db']);
    expect(again).toMatchObject({ enrolled: 0, duplicate: 2, refused: 0 });
    const { pictures, unknown } = await json(
      ['face', 'identify', 'probes', '--db', 'g.db', '--faces', 'largest', '--draw', 'drawn'],
      1,
    );
    expect(unknown).toBe(1);
    const named = pictures.map(({ faces }: { faces: { person: string | null }[] }) => faces[0]!.person);
    expect(named).toEqual(['Ann', 'Bea', 'Cleo', null]);
    expect((await sharp(at('drawn', 'Dora.png')).metadata()).width).toBe(240);
  });

  it('names somebody in a picture of another day, and not the strangers beside', async () => {
    mkdirSync(at('others', 'Eve'), { recursive: true });
    // Nobody in these pictures is named: the one in the middle of sample3 is the one at the right of sample1 by what the
    // net finds, at a squared L2 of 0.08.
    const middle = { left: 850, top: 125, width: 630, height: 540 };
    await sharp(join(demo, 'sample3.jpg'))
      .extract(middle)
      .toFile(at('others', 'Eve', '1.jpg'));
    await sharp(join(demo, 'sample1.jpg')).resize(1100).toFile(at('trio.jpg'));
    await json(['face', 'enroll', 'others', '--db', 'e.db']);
    await json(['face', 'enroll', join('people', 'Bea'), '--db', 'e.db']);
    const { pictures } = await json(['face', 'identify', 'trio.jpg', '--db', 'e.db'], 1);
    const faces: { person: string | null; box: { x: number } }[] = pictures[0].faces;
    const fromLeft = faces.sort((a, b) => a.box.x - b.box.x).map(({ person }) => person);
    expect(fromLeft).toEqual([null, null, 'Eve']);
  });

  it('fits a threshold, exports, imports, renames and removes without a trace', async () => {
    const { threshold, kept } = await json(['face', 'threshold', '--db', 'g.db', '--far', '0.05']);
    expect(kept).toBe(true);
    expect(threshold).toBeGreaterThan(0);
    await run(['face', 'export', '--db', 'g.db', '-o', 'g.jsonl']);
    expect(statSync(at('g.jsonl')).mode & 0o777).toBe(0o600);
    expect(await json(['face', 'import', 'g.jsonl', '--db', 'h.db'])).toMatchObject({
      enrolled: 6,
      duplicates: 0,
    });
    // A name in Unicode's other form, as some file systems give it, means the same collection.
    const decomposed = ['--db', 'i.db', '--collection', 'Le\u0301a'];
    await json(['face', 'import', 'g.jsonl', ...decomposed]);
    expect((await json(['face', 'list', ...decomposed])).collections[0].name).toBe('L\u00e9a');
    await run(['face', 'rename', 'Ann', 'Anna-Lena Q', '--db', 'h.db']);
    await run(['face', 'remove', 'Anna-Lena Q', '--db', 'h.db']);
    const { collections } = await json(['face', 'list', '--db', 'h.db']);
    expect(collections[0].threshold).toBe(threshold);
    expect(collections[0].people.map(({ name }: { name: string }) => name)).toEqual(['Bea', 'Cleo']);
    expect(readFileSync(at('h.db')).includes('Anna-Lena')).toBe(false);
  });

  it('verifies with a probability once one is fitted', async () => {
    const pair = [join('people', 'Bea', 'Bea_0001.jpg'), join('probes', 'Bea.png')];
    const { same, distance, threshold, probability } = await json([
      'face',
      'verify',
      ...pair,
      '--db',
      'g.db',
      '--collection',
      'people',
    ]);
    expect(same).toBe(true);
    expect(distance).toBeLessThan(threshold);
    expect(probability).toBeGreaterThan(0.5);
    await run(['face', 'verify', pair[0]!, join('probes', 'Dora.png')], 1);
  });

  it('rebuilds a collection, all of it or nothing', async () => {
    const rebuilt = await json(['face', 'reembed', '--db', 'g.db']);
    expect(rebuilt.samples).toBe(6);
    rmSync(at('people', 'Ann'), { recursive: true });
    // The crops were kept.
    expect((await json(['face', 'reembed', '--db', 'g.db'])).samples).toBe(6);
    rmSync(at('people', 'Bea'), { recursive: true });
    await run(['face', 'enroll', join('probes', 'Dora.png'), '--name', 'Dora', '--db', 'g.db']);
    rmSync(at('probes', 'Dora.png'));
    const refused = await run(['face', 'reembed', '--db', 'g.db'], 2);
    expect(refused.stderr).toMatch(/1 of 7 samples cannot be rebuilt, nothing was changed; .*Dora/);
  });
});

describe('facet face evaluate', { timeout: 240_000 }, () => {
  it('gives the figures of a list of pairs and a report', async () => {
    for (const name of ['Ann', 'Bea']) {
      mkdirSync(at('people', name), { recursive: true });
      const cut = () => sharp(picture).extract(REGIONS[name as 'Ann']);
      await cut()
        .jpeg()
        .toFile(at('people', name, `${name}_0001.jpg`));
      await cut()
        .resize(200)
        .jpeg()
        .toFile(at('people', name, `${name}_0002.jpg`));
    }
    const evaluated = ['face', 'evaluate', '--pairs', 'pairs.txt', '--images', 'people'];
    const result = await json([...evaluated, '--report', 'report.html']);
    expect(result.folds).toHaveLength(2);
    expect((await json([...evaluated, '--folds', '4'])).folds).toHaveLength(4);
    expect(result.pairs).toEqual({ total: 8, same: 4, different: 4 });
    expect(result.pictures).toBe(8);
    expect(result.withoutFace).toEqual([]);
    expect(result.accuracy.mean).toBe(1);
    expect(result.auc).toBe(1);
    expect(result.eer).toBe(0);
    const html = readFileSync(at('report.html'), 'utf8');
    expect(html).toContain('resnet34');
    expect(html).toContain('<svg');
    const groups = await json(['face', 'cluster', 'people', '--faces', 'largest', '--threshold', '0.15']);
    expect(groups.groups.map((group: unknown[]) => group.length)).toEqual([2, 2, 2, 2]);
  });
});
