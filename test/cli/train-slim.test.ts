// `facet train slim` as a user runs it: drawn crops, the slim net that the package ships as the teacher.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseManifest } from '../../src/nets/manifest.js';
import { facet } from './facet.js';

const folder = mkdtempSync(join(tmpdir(), 'facet-slim-'));
const at = (...parts: string[]) => join(folder, ...parts);

const small = ['--teacher-net', 'vgg19-slim', '--crop', '32', '--widths', '4,4,8,8,8', '--batch', '4'];
const STEPS = 24;
const training = [
  ...['train', 'slim', 'pictures', '--drawn', '0.5', ...small, '--fresh', '3', '--ring', '1', '--lr', '0.01'],
  ...['--steps', String(STEPS), '--log-every', '1', '--checkpoint-every', '10', '--out', 'slim.safetensors'],
];

interface Step {
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly parts: Readonly<Record<string, number>>;
}

/** Mean of the losses that are shares: those of features depend on how bright a batch is. */
function relative(lines: readonly Step[]): number {
  const shares = lines.flatMap(({ parts }) =>
    Object.entries(parts).filter(([name]) => !name.startsWith('feature')),
  );
  return shares.reduce((sum, [, value]) => sum + value, 0) / shares.length;
}

function stepsOf(run: string): Step[] {
  const text = readFileSync(at(run, 'log.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Step);
}

beforeAll(async () => {
  mkdirSync(at('pictures'));
  // Fixed pixels: what is learnt in so few steps depends on the pictures.
  let state = 7;
  for (const [i, tint] of [0x804020, 0x205080].entries()) {
    const [width, height] = [90 + 10 * i, 70];
    const pixels = Buffer.alloc(3 * width * height);
    for (let at = 0; at < pixels.length; at++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const stripe = 60 * Math.sin((at / 3) * (0.2 + 0.1 * i));
      const value = ((tint >> (16 - 8 * (at % 3))) & 255) + stripe + (state >>> 24) / 2 - 64;
      pixels[at] = Math.min(255, Math.max(0, value));
    }
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(at('pictures', `${i}.png`));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('facet train slim', { timeout: 300_000 }, () => {
  it('learns, and goes on from a checkpoint to the same bits', async () => {
    const whole = await facet([...training, '--json'], { cwd: folder });
    expect(whole.code, whole.stderr).toBe(0);
    expect(JSON.parse(whole.stdout)).toMatchObject({ step: STEPS, why: 'done', weights: 'slim.safetensors' });
    const steps = stepsOf('slim.run');
    // Before the last quarter, which runs on averages that so short a training has hardly gathered.
    // With these pictures the ratio is 0.88; a net that does not learn stays within 0.03 of 1.
    expect(relative(steps.slice(6, 18))).toBeLessThan(0.94 * relative(steps.slice(0, 4)));
    const weights = readFileSync(at('slim.safetensors'));

    // As if the process had been killed between steps 20 and 24, with half of the ring lost.
    rmSync(at('slim.run', 'checkpoints', `step-${String(STEPS).padStart(9, '0')}.safetensors`));
    const ring = at('slim.run', 'teacher.ring');
    writeFileSync(ring, readFileSync(ring).subarray(0, 300_000));
    const again = await facet([...training, '--resume'], { cwd: folder });
    expect(again.code, again.stderr).toBe(0);
    const twice = stepsOf('slim.run');
    expect(twice.map(({ step }) => step)).toEqual(steps.map(({ step }) => step));
    for (const [i, { loss, gradientNorm }] of steps.entries())
      expect(twice[i]).toMatchObject({ loss, gradientNorm });
    expect(readFileSync(at('slim.safetensors')).equals(weights)).toBe(true);
    expect(readFileSync(at('slim.run', 'report.html'), 'utf8')).toContain('Loss: gram');
  });

  it('writes weights and a manifest that style transfer takes', async () => {
    const manifest = parseManifest(readFileSync(at('slim.json'), 'utf8'), 'slim.json');
    expect(manifest.tensors.find(({ name }) => name === 'conv5_1.weight')?.shape).toEqual([8, 8, 3, 3]);
    const result = await facet(
      [
        ...['stylize', 'pictures/0.png', 'pictures/1.png', '--size', '32'],
        ...[
          '--net',
          'vgg19-slim',
          '--weights',
          'slim.safetensors',
          '--iterations',
          '2',
          '--output',
          'out.png',
        ],
      ],
      { cwd: folder },
    );
    expect(result.code, result.stderr).toBe(0);
    expect(existsSync(at('out.png'))).toBe(true);
  });

  it('ends at the time limit with weights, and keeps a run from being replaced', async () => {
    const first = ['train', 'slim', '--drawn', '1', ...small, '--ring', '1', '--steps', '5000'];
    const early = await facet([...first, '--time-limit', '3s', '--out', 'early.safetensors', '--json'], {
      cwd: folder,
    });
    expect(early.code, early.stderr).toBe(0);
    expect(JSON.parse(early.stdout)).toMatchObject({ why: 'time limit', weights: 'early.safetensors' });
    const begun = await facet(training, { cwd: folder });
    expect(begun.code).toBe(2);
    expect(begun.stderr).toMatch(/holds a training at step 24; --resume goes on with it/);
    const other = await facet([...training, '--resume', '--gram', '2'], { cwd: folder });
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/the checkpoint was made with losses \{"feature":1,"gram":0.5,"kernel":1\}/);
  });
});

describe('facet train evaluate-slim', { timeout: 120_000 }, () => {
  const pair = ['pictures/0.png', 'pictures/1.png'];
  const command = [
    ...['train', 'evaluate-slim', ...pair, '--weights', 'slim.safetensors', '--teacher-net', 'vgg19-slim'],
    ...['--size', '32', '--steps', '20', '--ratios', '10,40', '--out', 'evaluation.json', '--json'],
  ];
  interface Line {
    readonly net: string;
    readonly share: number;
    readonly contentLoss: number;
  }

  it('measures each pair, and makes no run twice', async () => {
    const first = await facet(command, { cwd: folder });
    expect(first.code, first.stderr).toBe(0);
    const { table } = JSON.parse(first.stdout) as { table: readonly Line[] };
    expect(table.map(({ net }) => net)).toEqual(['initial', 'direct', 'slim']);
    expect(table[0]).toMatchObject({ share: 1, contentLoss: 0 });
    expect(table[1]!.share).toBeLessThan(1);
    const kept = JSON.parse(readFileSync(at('evaluation.json'), 'utf8')) as { runs: { net: string }[] };
    expect(kept.runs.length).toBe(4);

    // As if it had been killed before its last run.
    const direct = kept.runs.pop()!;
    expect(direct.net).toBe('direct');
    writeFileSync(at('evaluation.json'), JSON.stringify(kept));
    const again = await facet(command, { cwd: folder });
    expect(again.code, again.stderr).toBe(0);
    expect((JSON.parse(again.stdout) as { table: unknown }).table).toEqual(table);
  });

  it('refuses a picture without its style, and results of another net', async () => {
    const odd = await facet(['train', 'evaluate-slim', 'pictures/0.png'], { cwd: folder });
    expect(odd.code).toBe(2);
    expect(odd.stderr).toMatch(/pictures come in pairs, a content and its style; 1 are given/);
    const other = await facet([...command, '--steps', '4'], { cwd: folder });
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(
      /evaluation.json: has results with steps 20, now it is 4; --force begins anew/,
    );
  });
});

describe('facet train slim refuses', { timeout: 60_000 }, () => {
  const refused = async (args: readonly string[], rule: RegExp) => {
    const result = await facet(['train', 'slim', ...small, '--out', 'refused.safetensors', ...args], {
      cwd: folder,
    });
    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toMatch(rule);
    expect(result.stderr).not.toContain('internal error');
  };

  it('to learn from nothing', async () => {
    await refused([], /no pictures are given: name files or folders, or --drawn 1/);
    await refused(['nowhere'], /nowhere: does not exist/);
    mkdirSync(at('broken'));
    writeFileSync(at('broken', '1.jpg'), 'no picture');
    await refused(['broken'], /skipped 1: is not a picture.*\n.*broken: holds no picture that can be used/s);
  });

  it('numbers that do not fit', async () => {
    await refused(['--drawn', '1', '--crop', '40'], /a side of 32 px or more, a multiple of 16, got 40/);
    await refused(['--drawn', '2'], /--drawn must lie in 0..1, got 2/);
    await refused(['--drawn', '1', '--widths', '4,4'], /--widths must be five whole numbers/);
    await refused(['--drawn', '1', '--tap-weights', 'relu9_1:2'], /there is no tap relu9_1; the taps are/);
    await refused(
      ['--drawn', '1', '--ring', '1', '--batch', '200'],
      /--ring 1: holds \d+ crops .* two batches of 200 are the least; give \d+ MiB or more/,
    );
    await refused(
      ['--drawn', '1', '--steps', '9', '--settled', '9'],
      /--settled must be less than --steps \(9\), got 9/,
    );
    await refused(['--drawn', '1', '--teacher', 'nowhere'], /--teacher nowhere: does not exist/);
  });
});
