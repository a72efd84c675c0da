// `facet train face` as a user runs it, on people drawn by code.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawPeople } from '../training/drawn-people.js';
import { facet } from './facet.js';

const launcher = fileURLToPath(new URL('../../bin/facet.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'facet-train-'));
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(() => drawPeople(at('people'), 6, 4));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Step {
  readonly kind: string;
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
}

/** Lines of a log, but for one that is being written. */
function stepsOf(run: string): Step[] {
  const path = at(run, 'log.jsonl');
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Step);
}

const STEPS = 40;
const KILLED_AFTER = 33;
const training = [
  ...['train', 'face', 'people', '--aligned', '--cache', 'cache', '--hold-out', '0', '--no-augment'],
  ...['--people', '3', '--images', '2', '--mine', 'random', '--steps', String(STEPS), '--warmup', '5'],
  ...['--log-every', '1', '--checkpoint-every', '10', '--out', 'net.safetensors'],
];

describe('facet train face', { timeout: 600_000 }, () => {
  it('learns, is killed, and goes on to the same bits', async () => {
    const child = spawn(process.execPath, [launcher, ...training], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const watch = setInterval(() => {
      if (stepsOf('net.run').length >= KILLED_AFTER) child.kill('SIGKILL');
    }, 20);
    await ended;
    clearInterval(watch);
    const before = stepsOf('net.run');
    expect(before.length).toBeGreaterThanOrEqual(KILLED_AFTER);
    expect(before.length).toBeLessThan(STEPS);
    expect(existsSync(at('net.safetensors'))).toBe(false);

    const again = await facet([...training, '--resume', '--json'], { cwd: folder });
    expect(again.code, again.stderr).toBe(0);
    const { step, why, weights } = JSON.parse(again.stdout) as Record<string, unknown>;
    expect({ step, why, weights }).toEqual({ step: STEPS, why: 'done', weights: 'net.safetensors' });
    const after = stepsOf('net.run');
    expect(after.map((line) => line.step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    // Those behind the last checkpoint were taken twice, by two processes.
    const twice = before.filter((line) => line.step > 30);
    expect(twice.length).toBeGreaterThanOrEqual(KILLED_AFTER - 30);
    for (const { step: number, loss, gradientNorm } of twice)
      expect(after[number - 1]).toMatchObject({ loss, gradientNorm });

    const mean = (lines: readonly Step[]) => lines.reduce((sum, { loss }) => sum + loss, 0) / lines.length;
    expect(mean(after.slice(-5))).toBeLessThan(mean(after.slice(0, 5)) / 2);
    expect(readFileSync(at('net.run', 'report.html'), 'utf8')).toContain('<svg');
  });

  it('writes weights that the face commands take', async () => {
    const args = ['--net', 'nn4.small2', '--weights', 'net.safetensors', '--aligned', '--json'];
    const result = await facet(
      ['face', 'verify', join('people', 'Person 01', '1.png'), join('people', 'Person 01', '2.png'), ...args],
      { cwd: folder },
    );
    expect([0, 1]).toContain(result.code);
    const { distance } = JSON.parse(result.stdout) as { distance: number };
    expect(distance).toBeGreaterThan(0);
    expect(distance).toBeLessThan(4);
  });

  it('keeps a finished training, and one of other options, from being run over', async () => {
    const begun = await facet(training, { cwd: folder });
    expect(begun.code).toBe(2);
    expect(begun.stderr).toMatch(
      /holds a training at step 40; --resume goes on with it, --force begins anew/,
    );
    const other = await facet([...training, '--resume', '--mine', 'hard'], { cwd: folder });
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(
      /the checkpoint was made with losses \{.*"mine":"random".*give the options of the first call/,
    );
  });

  it('leaves a run alone that a living process writes, and takes over that of a dead one', async () => {
    const again = [...training, '--resume', '--cache', 'cache-of-its-own'];
    const kept = readdirSync(at('net.run', 'checkpoints'));
    writeFileSync(at('net.run', 'lock'), String(process.pid));
    const second = await facet(again, { cwd: folder });
    expect(second.code, second.stderr).toBe(2);
    expect(second.stderr).toContain(
      `the run net.run is being written by process ${process.pid}; wait for it, or end it`,
    );
    // Nobody else's lock was taken away.
    expect(readFileSync(at('net.run', 'lock'), 'utf8')).toBe(String(process.pid));
    writeFileSync(at('net.run', 'lock'), '999999999');
    const third = await facet(again, { cwd: folder });
    expect(third.code, third.stderr).toBe(0);
    expect(existsSync(at('net.run', 'lock'))).toBe(false);
    expect(readdirSync(at('net.run', 'checkpoints'))).toEqual(kept);
  });
});

describe('facet train face refuses', { timeout: 240_000 }, () => {
  const refused = async (args: readonly string[], rule: RegExp) => {
    const result = await facet(['train', 'face', ...args], { cwd: folder });
    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toMatch(rule);
    expect(result.stderr).not.toContain('internal error');
  };

  it('what holds no people', async () => {
    mkdirSync(at('empty'));
    await refused(['empty'], /empty: holds no people; each needs a folder of pictures/);
    await refused(['nowhere'], /nowhere: does not exist/);
    await refused([join('people', 'Person 01', '1.png')], /is a file, a folder of people is needed/);
  });

  it('one person, and one picture each', async () => {
    await drawPeople(at('one'), 1, 3);
    const own = ['--aligned', '--cache', 'cache-one'];
    await refused(['one', ...own], /one: holds one person with a face that can be used \(Person 01\)/);
    await drawPeople(at('single'), 3, 1);
    const single = ['single', '--aligned', '--cache', 'cache-single'];
    await refused(single, /each of 3 people has one picture only: triplets need two pictures of a person/);
  });

  it('broken pictures, which it names', async () => {
    await drawPeople(at('broken'), 2, 1);
    for (const name of ['Person 01', 'Person 02']) {
      const path = at('broken', name, '1.png');
      writeFileSync(at('broken', name, '2.jpg'), 'no picture');
      writeFileSync(at('broken', name, '3.png'), readFileSync(path).subarray(0, 900));
      writeFileSync(at('broken', name, '4.png'), '');
    }
    const args = ['broken', '--aligned', '--cache', 'cache-broken'];
    await refused(args, /skipped 2: is damaged or cut short.*\n.*each of 2 people has one picture only/s);
    const again = await facet(['train', 'face', ...args, '--prepare'], { cwd: folder });
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/2 faces of 2 people/);
    expect(again.stderr).toMatch(/skipped 2: is not a picture that can be read/);
    expect(again.stderr).toMatch(/skipped 2: the file is empty/);
  });

  it('more people than there are, and options that do not fit together', async () => {
    const people = ['people', '--aligned', '--cache', 'cache'];
    await refused(
      [...people, '--out', 'x.safetensors', '--people', '24'],
      /--people 24: only \d people to train on have two pictures or more/,
    );
    await refused(
      [...people, '--hold-out', '0.9'],
      /--hold-out 0.9: of 6 people with two pictures or more 5 would be held out/,
    );
    await refused([...people, '--loss', 'distil'], /--loss distil needs a --teacher/);
    await refused([...people, '--batch', '8'], /--batch is for batches of anybody/);
    await refused([...people, '--steps', '5', '--epochs', '2'], /exclude each other/);
    await refused([...people, '--time-limit', '5'], /--time-limit must be like 90s, 30m or 2h/);
    await refused([...people, '--resume', '--out', 'x.safetensors'], /--resume: there is no checkpoint in/);
    await refused([...people, '--steps', '0'], /--steps must be at least 1/);
  });
});

describe('a teacher, people held out and fine-tuning', { timeout: 300_000 }, () => {
  const common = ['--aligned', '--cache', 'cache-told', '--hold-out', '0.34', '--log-every', '2', '--json'];
  const outcome = async (args: readonly string[]) => {
    const result = await facet(args, { cwd: folder });
    expect(result.code, result.stderr).toBe(0);
    return JSON.parse(result.stdout) as {
      why: string;
      step: number;
      best: { step: number; auc: number };
      last: { parts: Record<string, number> };
    };
  };

  it('asks the teacher once, learns, and validates', async () => {
    const args = ['train', 'face', 'people', '--teacher', 'resnet34', '--batch', '6', ...common];
    const told = await outcome([...args, '--steps', '4', '--out', 'told.safetensors']);
    expect(told).toMatchObject({ why: 'done', step: 4, best: { step: 4 } });
    expect(Object.keys(told.last.parts)).toEqual(['cosine', 'similarity']);
    expect(existsSync(at('told.safetensors'))).toBe(true);
    const limited = await facet(
      [...args, '--steps', '1000', '--time-limit', '1s', '--out', 'limited.safetensors'],
      {
        cwd: folder,
      },
    );
    expect(limited.code, limited.stderr).toBe(0);
    expect(JSON.parse(limited.stdout)).toMatchObject({ why: 'time limit', steps: 1000, weights: null });
    // The second call asked nothing.
    expect(limited.stderr).not.toMatch(/asking resnet34/);
  });

  it('says how large a batch may be, before anything is compiled', async () => {
    const large = ['--batch', '300', '--out', 'large.safetensors'];
    const args = ['train', 'face', 'people', '--teacher', 'resnet34', ...common, ...large];
    const result = await facet(args, { cwd: folder });
    expect(result.code, result.stderr).toBe(2);
    expect(result.stderr).toMatch(/--batch 300: this adapter takes at most 2\d\d pictures at once: /);
    expect(existsSync(at('large.safetensors'))).toBe(false);
  });

  it('fine-tunes the last block of what it made', async () => {
    const tuned = await outcome([
      ...[
        'finetune',
        'people',
        '--weights',
        'told.safetensors',
        '--from',
        '5b',
        '--people',
        '2',
        '--images',
        '2',
      ],
      ...['--mine', 'random', '--steps', '4', '--out', 'tuned.safetensors', ...common],
    ]);
    expect(tuned).toMatchObject({ why: 'done', step: 4 });
    const validations = stepsOf('tuned.run').filter(({ kind }) => kind === 'validation');
    expect(validations.map(({ step }) => step)).toEqual([0, 4]);
    expect(existsSync(at('tuned.safetensors'))).toBe(true);
  });
});
