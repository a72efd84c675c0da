// `facet tune` and `--tuning`, end to end on tables of a folder of its own.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePicture } from '../../harness/node/pictures.js';
import { parseTable, type TuningTable } from '../../src/gpu/tuning-table.js';
import { decodeCheckpoint } from '../../src/style/checkpoint.js';
import { contentPicture, stylePicture } from '../style/shared.js';
import { commandIn, facet, ownLines, shell } from './facet.js';

let folder: string;
let env: Record<string, string>;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-tune-'));
  env = { FACET_TUNING: at('tables') };
  await writePicture(at('c.png'), contentPicture(32, 32));
  await writePicture(at('s.png'), stylePicture(32, 32));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tables = () =>
  existsSync(at('tables')) ? readdirSync(at('tables')).filter((name) => name.endsWith('.json')) : [];
const stored = () => parseTable(readFileSync(at(join('tables', tables()[0]!)), 'utf8'), 'stored');
const run = (...args: string[]) => facet(args, { cwd: folder, env });
const SMALL = ['--net', 'vgg19-slim', '--size', '32', '--repetitions', '3'];

/** Interrupts a run once, when it says so; a second time would end it at once. */
function interruptAt(pattern: RegExp) {
  let isDone = false;
  return (text: string, kill: (signal: NodeJS.Signals) => void) => {
    if (isDone || !pattern.test(text)) return;
    isDone = true;
    kill('SIGINT');
  };
}

/** The table with the slowest candidate of each bucket as its choice. */
function turned(table: TuningTable): TuningTable {
  const slowest = (ms: Record<string, number>) => Object.entries(ms).toSorted(([, a], [, b]) => b - a)[0]![0];
  return { ...table, entries: table.entries.map((e) => ({ ...e, choice: slowest(e.ms) })) };
}

describe('facet tune', { timeout: 180_000 }, () => {
  it('has nothing to show at first, and nothing to export', async () => {
    const { code, stdout, stderr } = await run('tune', '--show');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^preset {3}\S+ \((measured|reasoned)\)/m);
    expect(stdout).toMatch(/nothing is measured yet: run facet tune\n$/);
    const exported = await run('tune', '--export', 'none.json');
    expect(exported.code).toBe(2);
    expect(ownLines(exported.stderr)).toHaveLength(1);
    expect(exported.stderr).toMatch(/--export: nothing is measured on .* yet/);
  });

  it('stops at the time limit and keeps what it has, and goes on from there', async () => {
    const limited = await run('tune', ...SMALL, '--time-limit', '0.4');
    expect(limited.code, limited.stderr).toBe(0);
    const [, left, all] = /note: (\d+) of (\d+) buckets are left/.exec(limited.stderr) ?? [];
    expect(Number(left)).toBeGreaterThan(0);
    const measured = tables().length > 0 ? stored().entries.length : 0;
    expect(measured + Number(left)).toBe(Number(all));

    const rest = await run('tune', ...SMALL, '--json');
    expect(rest.code, rest.stderr).toBe(0);
    expect(ownLines(rest.stderr)).toEqual([]);
    const report = JSON.parse(rest.stdout) as {
      measured: number;
      left: number;
      entries: object[];
      file: string;
    };
    expect(report).toMatchObject({ measured: Number(left), left: 0, interrupted: false });
    expect(report.entries).toEqual(stored().entries);
    expect(report.file).toBe(at(join('tables', tables()[0]!)));
  });

  it('shows each bucket with its choice, and measures nothing twice unless told', async () => {
    const before = stored();
    const again = await run('tune', ...SMALL);
    expect(again.stdout).toMatch(/nothing new to measure/);
    expect(stored()).toEqual(before);
    const { stdout } = await run('tune', '--show');
    for (const { family, bucket, choice } of before.entries) {
      const row = stdout.split('\n').find((line) => line.startsWith(`${family} ${bucket} `));
      expect(row, stdout).toMatch(new RegExp(` ${choice} `));
    }
    expect(stdout).toMatch(
      new RegExp(`^${before.entries.length} buckets, \\d+ by another way than the default\n`, 'm'),
    );
  });

  it('keeps what was measured when it is interrupted', async () => {
    const before = stored().entries.length;
    const args = ['tune', '--net', 'vgg19-slim', '--size', '64', '--repetitions', '3'];
    const { code, stderr } = await facet(args, {
      cwd: folder,
      env,
      onStderr: interruptAt(/^conv2d /m),
    });
    expect(code, stderr).toBe(130);
    expect(stderr).toMatch(/what is measured is kept/);
    expect(stored().entries.length).toBeGreaterThan(before);
  });

  it('exports and imports, another adapter’s table only with --force, and forgets', async () => {
    const { entries } = stored();
    expect((await run('tune', '--export', 'own.json')).code).toBe(0);
    expect((await run('tune', '--export', 'own.json')).stderr).toMatch(
      /own\.json: exists already; --force replaces it/,
    );
    const own = parseTable(readFileSync(at('own.json'), 'utf8'), 'own');
    expect(own.entries).toEqual(entries);
    const cleared = await run('tune', '--clear');
    expect(cleared.stdout).toMatch(new RegExp(`forgot ${entries.length} buckets`));
    expect(tables()).toEqual([]);
    expect((await run('tune', '--import', 'own.json')).code).toBe(0);
    expect(stored()).toEqual(own);

    writeFileSync(at('other.json'), JSON.stringify({ ...turned(own), runtime: 'another browser 1' }));
    const refused = await run('tune', '--import', 'other.json');
    expect(refused.code).toBe(2);
    expect(ownLines(refused.stderr)).toEqual([
      expect.stringMatching(
        /--import other\.json: was measured on .* with another browser 1 and facet \S+, this is .*; --force/,
      ),
    ]);
    expect(stored()).toEqual(own);
    expect((await run('tune', '--import', 'other.json', '--force')).code).toBe(0);
    expect(stored()).toEqual(turned(own));
  });

  it.each([
    [['tune', '--size', '8'], /--size must be in 32\.\.16384, got 8/],
    [['tune', '--size', 'big'], /--size must be a whole number, got "big"/],
    [['tune', '--net', 'alexnet'], /--net must be one of vgg19, .*, got "alexnet"/],
    [['tune', '--repetitions', '2'], /--repetitions must be at least 3, got 2/],
    [['tune', '--time-limit', '0'], /--time-limit must be above 0, got 0/],
    [['tune', '--precision', 'half'], /--precision must be one of f32, mixed, got "half"/],
    [['tune', '--show', '--precision', 'mixed'], /--show measures nothing: leave out --precision/],
    [['tune', '--show', '--clear'], /give one of --show, --clear/],
    [['tune', '--show', '--again'], /--show measures nothing: leave out --again/],
    [['tune', '--force'], /--force goes with --export or --import/],
    [['tune', '--import', 'nowhere.json'], /--import nowhere\.json: does not exist/],
    [['tune', '--import', 'c.png'], /--import c\.png: is not JSON/],
    [
      ['check', '--tuning', 'nowhere.json', 'relu'],
      /--tuning nowhere\.json: does not exist \(and is none of cache, preset, default\)/,
    ],
    [['profile', '--tuning', 'c.png'], /--tuning c\.png: is not JSON/],
  ])('%j: exit 2, one line', async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect(ownLines(stderr)).toEqual([expect.stringMatching(message)]);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('--tuning', { timeout: 180_000 }, () => {
  const options = ['--size', '32', '--first-size', '32', '--iterations', '8'];
  const stylize = (output: string, ...more: string[]) =>
    run('stylize', 'c.png', 's.png', '-o', output, ...options, ...more);
  const reportOf = (stdout: string) =>
    JSON.parse(stdout) as { tuning: string; choices: Record<string, Record<string, string>>; losses: object };

  it('says in the report and the trace what was in effect', async () => {
    const table = stored();
    const cached = await stylize('cached.png', '--json', '--trace', 'cached.json');
    expect(cached.code, cached.stderr).toBe(0);
    const report = reportOf(cached.stdout);
    expect(report.tuning).toMatch(/^cache: \d+ buckets measured here, over the preset \S+$/);
    for (const { bucket, choice } of table.entries) expect(report.choices.conv2d![bucket]).toBe(choice);
    const trace = JSON.parse(readFileSync(at('cached.json'), 'utf8')) as { choices: object };
    expect(trace.choices).toEqual(report.choices);

    const plain = reportOf((await stylize('plain.png', '--json', '--tuning', 'default')).stdout);
    expect(plain.tuning).toMatch(/^default/);
    expect(plain.choices).not.toEqual(report.choices);
    const file = reportOf((await stylize('file.png', '--json', '--tuning', 'own.json')).stdout);
    expect(file.tuning).toBe('given by a table');
    const preset = reportOf((await stylize('preset.png', '--json', '--tuning', 'preset')).stdout);
    expect(preset.tuning).toMatch(/^preset \S+$/);
    // Other sums: the same to a few digits, and other bits.
    expect(plain.losses).not.toEqual(report.losses);
  });

  it('cannot break a run that goes on: the checkpoint holds its choices', async () => {
    const whole = await stylize('whole.png', '--trace', 'whole.json');
    expect(whole.code, whole.stderr).toBe(0);
    const part = await facet(
      ['stylize', 'c.png', 's.png', '-o', 'part.png', '--trace', 'part.json', ...options],
      {
        cwd: folder,
        env,
        onStderr: interruptAt(/optimising/),
      },
    );
    expect(part.code, part.stderr).toBe(130);
    const bytes = readFileSync(at('part.checkpoint.safetensors'));
    expect(decodeCheckpoint(bytes, 'part').choices!.conv2d).toMatchObject(
      Object.fromEntries(stored().entries.map(({ bucket, choice }) => [bucket, choice])),
    );
    // The table changes in between.
    expect((await run('tune', '--clear')).code).toBe(0);
    const command = commandIn(part.stdout + part.stderr);
    const refused = await shell(`${command} --tuning preset`, { cwd: folder, env });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/--resume goes on with the checkpoint's own options; leave out --tuning/);
    const resumed = await shell(`${command} --json`, { cwd: folder, env });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(reportOf(resumed.stdout).tuning).toBe('of the checkpoint');
    expect(readFileSync(at('part.png'))).toEqual(readFileSync(at('whole.png')));
    // Losses are told in all their digits.
    expect(JSON.parse(readFileSync(at('part.json'), 'utf8'))).toEqual(
      JSON.parse(readFileSync(at('whole.json'), 'utf8')),
    );
  });

  it('has a precision beside it, which a run that goes on keeps', async () => {
    const mixed = [...options, '--precision', 'mixed'];
    const part = await facet(['stylize', 'c.png', 's.png', '-o', 'mixed.png', ...mixed], {
      cwd: folder,
      env,
      onStderr: interruptAt(/optimising/),
    });
    expect(part.code, part.stderr).toBe(130);
    const command = commandIn(part.stdout + part.stderr);
    const refused = await shell(`${command} --precision f32`, { cwd: folder, env });
    expect(refused.stderr).toMatch(
      /--resume goes on with the checkpoint's own options; leave out --precision/,
    );
    const resumed = await shell(`${command} --json`, { cwd: folder, env });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ precision: 'mixed' });
  });

  it('tells of a damaged table in one line, sets it aside and goes on', async () => {
    expect((await run('tune', '--import', 'own.json')).code).toBe(0);
    const [name] = tables();
    writeFileSync(at(join('tables', name!)), '{"format":1,"ada');
    const { code, stderr } = await stylize('damaged.png');
    expect(code, stderr).toBe(0);
    const notes = ownLines(stderr).filter((line) => line.startsWith('note: '));
    expect(notes).toEqual([
      expect.stringMatching(/^note: the tuning table .*: is not JSON; it is kept in .*damaged-/),
    ]);
    const kept = readdirSync(at('tables')).filter((file) => file.includes('.damaged-'));
    expect(kept).toHaveLength(1);
    expect(readFileSync(at(join('tables', kept[0]!)), 'utf8')).toBe('{"format":1,"ada');
  });
});
