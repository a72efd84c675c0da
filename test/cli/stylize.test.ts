// The command end to end, on the embedded net.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPicture, writePicture } from '../../harness/node/pictures.js';
import { contentPicture, stylePicture } from '../style/shared.js';
import { commandIn, facet, ownLines, shell } from './facet.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-stylize-'));
  await writePicture(at('c.png'), contentPicture(96, 72));
  await writePicture(at('s.png'), stylePicture(80, 80));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (out: string, ...more: string[]) =>
  facet(['stylize', 'c.png', 's.png', '-o', out, ...more], { cwd: folder });
const SMALL = ['--size', '64', '--first-size', '45', '--iterations', '9'];

// Whole runs in processes of their own, on machines that may be busy.
describe('facet stylize', { timeout: 180_000 }, () => {
  it('writes picture, trace and plot, and a JSON report', async () => {
    const { code, stdout, stderr } = await run(
      'a.png',
      ...SMALL,
      '--trace',
      'a.json',
      '--plot',
      'a.svg',
      '--json',
    );
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      output: 'a.png',
      width: 64,
      height: 48,
      steps: 9,
      aborted: false,
      net: 'vgg19-slim',
    });
    const picture = await readPicture(at('a.png'));
    expect([picture.width, picture.height]).toEqual([64, 48]);
    const trace = JSON.parse(readFileSync(at('a.json'), 'utf8')) as {
      steps: number[];
      series: Record<string, number[]>;
    };
    expect(trace.series['style:relu3_1']!.length).toBe(trace.steps.length);
    expect(readFileSync(at('a.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it('gives the same bytes twice', async () => {
    await run('b1.png', ...SMALL, '--init', 'noise', '--seed', '4');
    await run('b2.png', ...SMALL, '--init', 'noise', '--seed', '4');
    expect(readFileSync(at('b1.png')).equals(readFileSync(at('b2.png')))).toBe(true);
  });

  it('keeps picture and checkpoint on Ctrl-C, and resumes to the same bytes', async () => {
    // Steps enough for the signal to arrive before the last.
    const long = ['--size', '64', '--first-size', '45', '--iterations', '300'];
    const whole = await run('whole.png', ...long);
    expect(whole.code, whole.stderr).toBe(0);
    let killed = false;
    const part = await facet(['stylize', 'c.png', 's.png', '-o', 'part.png', ...long], {
      cwd: folder,
      onStderr: (text, kill) => {
        if (!killed && /step \d+\/300/.test(text)) {
          killed = true;
          kill('SIGINT');
        }
      },
    });
    expect(part.code, part.stderr).toBe(130);
    expect(existsSync(at('part.png'))).toBe(true);
    // The command that is printed works as it stands.
    const resumed = await shell(commandIn(part.stdout), { cwd: folder });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(readFileSync(at('part.png')).equals(readFileSync(at('whole.png')))).toBe(true);
  });

  it('saves intermediates, prints nothing when quiet, writes 16 bits', async () => {
    const { code, stdout, stderr } = await run(
      'q.png',
      ...SMALL,
      '--save-every',
      '4',
      '--quiet',
      '--bits',
      '16',
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toBe('');
    expect(ownLines(stderr)).toEqual([]);
    expect(existsSync(at('q-000004.png')) && existsSync(at('q-000008.png'))).toBe(true);
    // The checkpoint of step 8 is of no use once the picture is finished.
    expect(existsSync(at('q.checkpoint.safetensors'))).toBe(false);
    expect(readFileSync(at('q.png'))[24]).toBe(16);
  });

  it('prints a memory plan without running', async () => {
    const { code, stdout } = await run('plan.png', '--size', '256', '--plan');
    expect(code).toBe(0);
    expect(stdout).toMatch(/dispatches a step/);
    expect(stdout).toMatch(/peak: [\d.]+ MiB/);
    const json = await run('plan.png', '--size', '256', '--plan', '--json');
    const plan = JSON.parse(json.stdout) as Record<string, number>;
    expect(plan).toMatchObject({ width: 256, height: 192, fits: true });
    expect(plan.peakBytes).toBe(plan.transientBytes! + plan.textureBytes! + plan.pinnedBytes!);
    expect(plan.tiles).toBeUndefined();
    expect(existsSync(at('plan.png'))).toBe(false);
  });

  it('plans a picture beyond one binding in tiles, without running', async () => {
    const { code, stdout, stderr } = await run('plan.png', '--size', '2048', '--plan', '--json');
    expect(code, stderr).toBe(0);
    const plan = JSON.parse(stdout) as Record<string, number> & { tiles: Record<string, unknown> };
    expect(plan).toMatchObject({ width: 2048, height: 1536, fits: true });
    expect(plan.tiles).toMatchObject({ overlap: 80, exact: true });
    expect(plan.largestBytes).toBeLessThanOrEqual(plan.limitBytes!);
    expect(plan.peakBytes).toBeLessThanOrEqual(plan.memoryLimitBytes!);
    const text = await run('plan.png', '--size', '2048', '--tile', '512', '--tile-overlap', '48', '--plan');
    expect(text.stdout).toMatch(/\d x \d tiles of \d+x\d+, overlap 48: approximate/);
    expect(text.stdout).toMatch(/[\d.]+ MiB {2}picture, gradient, optimiser: whole/);
    expect(text.stdout).toMatch(/peak: [\d.]+ MiB of 4096\.0 MiB \(--memory\)/);
  });

  it('makes a picture in tiles that is the one made whole, to rounding', async () => {
    const options = [
      '--size',
      '96',
      '--first-size',
      '96',
      '--iterations',
      '3',
      '--style-layers',
      'relu1_1,relu2_1',
    ];
    // From noise: at the content itself its gradient is nothing but rounding, which Adam would make steps of.
    const shallow = ['--init', 'noise', ...options, '--content-layers', 'relu2_1', '--force'];
    const tiled = await run('tiled.png', ...shallow, '--tile', '32');
    expect(tiled.code, tiled.stderr).toBe(0);
    expect(tiled.stderr).toMatch(/\d x \d tiles of \d+x\d+, overlap 4 \(exact\)/);
    expect((await run('whole.png', ...shallow, '--tile', 'off')).code).toBe(0);
    const [a, b] = [await readPicture(at('tiled.png')), await readPicture(at('whole.png'))];
    // A value that lies between two bytes may round to either.
    const differ = a.data.filter((value, i) => value !== b.data[i]).length;
    expect(differ).toBeLessThan(a.data.length / 1000);
  });
});
