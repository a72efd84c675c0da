// What a run keeps when it cannot end as it should, and what it leaves alone.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePicture } from '../../harness/node/pictures.js';
import { contentPicture, stylePicture } from '../style/shared.js';
import { commandIn, facet, type RunOptions, shell } from './facet.js';

let folder: string;
const at = (name: string) => join(folder, name);
const bytes = (name: string) => readFileSync(at(name));
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet keeping-'));
  await writePicture(at('my content.png'), contentPicture(64, 48));
  await writePicture(at('s.png'), stylePicture(64, 64));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Steps enough for a signal that is sent at the first of them to arrive before the last. */
const LONG = 400;
const FIRST_STEP = new RegExp(`step \\d+/${LONG}`);
const SIZE = ['--size', '48', '--first-size', '48'];
const start = (out: string, more: string[], options: RunOptions = {}) =>
  facet(['stylize', 'my content.png', 's.png', '-o', out, ...SIZE, ...more], {
    cwd: folder,
    env: { FACET_CACHE: at('cache') },
    ...options,
  });
/** Does something once, when standard error says this. */
const once = (pattern: RegExp, act: (kill: (signal: NodeJS.Signals) => void) => void): RunOptions => {
  let done = false;
  return {
    onStderr: (text, kill) => {
      if (done || !pattern.test(text)) return;
      done = true;
      act(kill);
    },
  };
};
/** After all checks, before the first step. */
const MEASURING = /measuring content/;

describe('a run that cannot write its picture', { timeout: 180_000 }, () => {
  it('keeps a checkpoint beside it, and says how to go on', async () => {
    const whole = await start('whole.png', ['--iterations', '30']);
    expect(whole.code, whole.stderr).toBe(0);
    // Somebody else writes a file of that name: it is not replaced.
    const meanwhile = once(MEASURING, () => writeFileSync(at('taken.png'), 'mine'));
    const part = await start('taken.png', ['--iterations', '30'], meanwhile);
    expect(part.code, part.stderr).toBe(2);
    expect(part.stderr).toMatch(/the checkpoint of step 30 is kept in taken\.checkpoint\.safetensors/);
    expect(part.stderr).toMatch(/taken\.png: exists already/);
    expect(bytes('taken.png').toString()).toBe('mine');
    rmSync(at('taken.png'));
    const resumed = await shell(commandIn(part.stderr), { cwd: folder });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(bytes('taken.png').equals(bytes('whole.png'))).toBe(true);
  });

  it('keeps the checkpoint in the cache where its folder is gone', async () => {
    mkdirSync(at('gone'));
    const meanwhile = once(MEASURING, () => renameSync(at('gone'), at('moved')));
    const part = await start('gone/out.png', ['--iterations', '30'], meanwhile);
    expect(part.code, part.stderr).toBe(2);
    expect(part.stderr).toMatch(/gone\/out\.png: the folder gone does not exist/);
    const [name] = readdirSync(at('cache/rescued'));
    expect(part.stderr).toContain(`the checkpoint of step 30 is kept in ${at('cache/rescued')}/${name}`);
    renameSync(at('moved'), at('gone'));
    const resumed = await shell(commandIn(part.stderr), { cwd: folder });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(bytes('gone/out.png').equals(bytes('whole.png'))).toBe(true);
  });

  it('says where the last checkpoint is when a picture of --save-every fails', async () => {
    const meanwhile = once(MEASURING, () => writeFileSync(at('often-000020.png'), 'mine'));
    const part = await start('often.png', ['--iterations', '30', '--save-every', '10'], meanwhile);
    expect(part.code, part.stderr).toBe(2);
    expect(part.stderr).toMatch(/the checkpoint of step 20 is kept in often\.checkpoint\.safetensors/);
    expect(bytes('often-000020.png').toString()).toBe('mine');
  });

  it('tells at which step a loss stopped being a number', async () => {
    // Four poolings times 100 each, a Gram matrix squared, times 1e12: beyond float32.
    const huge = ['--pooling', 'average', '--pooling-scale', '100', '--style-layers', 'relu5_1'];
    const more = ['--normalization', 'paper', '--style-weight', '1e12', '--iterations', '3'];
    const { code, stderr } = await start('huge.png', [...huge, ...more]);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/the loss \S+ became (Infinity|NaN) at step \d+: lower the learning rate/);
    expect(existsSync(at('huge.png'))).toBe(false);
    expect(existsSync(at('huge.checkpoint.safetensors'))).toBe(false);
  });
});

describe('--resume', { timeout: 180_000 }, () => {
  it('replaces the picture that the checkpoint is named after, and no other', async () => {
    const trace = ['--trace', 'the trace.json'];
    const part = await start(
      'stop.png',
      ['--iterations', `${LONG}`, ...trace],
      once(FIRST_STEP, (kill) => kill('SIGINT')),
    );
    expect(part.code, part.stderr).toBe(130);
    // The trace is there too, and is not named after the checkpoint.
    expect(commandIn(part.stdout)).toMatch(
      /stylize 'my content\.png' s\.png -o stop\.png --resume stop\.checkpoint\.safetensors --force --trace 'the trace\.json'$/,
    );
    const pictures = ['stylize', 'my content.png', 's.png', '--resume', 'stop.checkpoint.safetensors'];
    const other = await facet([...pictures, '-o', 'whole.png'], { cwd: folder });
    expect(other.code, other.stderr).toBe(2);
    expect(other.stderr).toMatch(/whole\.png: exists already/);
    const own = await facet([...pictures, '-o', 'stop.png'], { cwd: folder });
    expect(own.code, own.stderr).toBe(0);
    // It was named on the command line: it is the user's to remove.
    expect(existsSync(at('stop.checkpoint.safetensors'))).toBe(true);
  });
});

describe('a folder', { timeout: 180_000 }, () => {
  const run = (...more: string[]) =>
    facet(['stylize', 'in', 's.png', '-o', 'outs', ...SIZE, '--iterations', '20', ...more], { cwd: folder });

  it('goes to a folder that is made, and once made is not made again', async () => {
    mkdirSync(at('in'));
    await writePicture(at('in/one.png'), contentPicture(64, 48));
    await writePicture(at('in/two.jpg'), contentPicture(48, 64));
    const first = await run('--json');
    expect(first.code, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject([
      { output: join('outs', 'one.png'), steps: 20 },
      { output: join('outs', 'two.png'), steps: 20 },
    ]);
    expect(readdirSync(at('outs')).sort()).toEqual(['one.png', 'two.png']);
    const again = await run();
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/one\.png: exists already/);
    const kept = bytes('outs/one.png');
    rmSync(at('outs/two.png'));
    const rest = await run('--skip-existing');
    expect(rest.code, rest.stderr).toBe(0);
    expect(rest.stdout).toMatch(/two\.png {2}36x48, 20 steps[\s\S]*one\.png {2}exists, skipped/);
    expect(bytes('outs/one.png').equals(kept)).toBe(true);
  });

  it('goes on with the picture that was begun', async () => {
    const one = bytes('outs/one.png');
    rmSync(at('outs/two.png'));
    const long = ['--iterations', `${LONG}`, '--save-every', '150'];
    const whole = await facet(['stylize', 'in/two.jpg', 's.png', '-o', 'two.png', ...SIZE, ...long], {
      cwd: folder,
    });
    expect(whole.code, whole.stderr).toBe(0);
    const part = await facet(['stylize', 'in', 's.png', '-o', 'outs', ...SIZE, ...long, '--skip-existing'], {
      cwd: folder,
      ...once(FIRST_STEP, (kill) => kill('SIGINT')),
    });
    expect(part.code, part.stderr).toBe(130);
    expect(existsSync(at('outs/two.checkpoint.safetensors'))).toBe(true);
    const changed = await run(...long, '--skip-existing', '--seed', '5');
    expect(changed.code).toBe(2);
    expect(changed.stderr).toMatch(/two\.checkpoint\.safetensors: .* begun with other options/);
    const rest = await shell(commandIn(part.stdout), { cwd: folder });
    expect(rest.code, rest.stderr).toBe(0);
    expect(bytes('outs/two.png').equals(bytes('two.png'))).toBe(true);
    expect(bytes('outs/one.png').equals(one)).toBe(true);
    expect(existsSync(at('outs/two.checkpoint.safetensors'))).toBe(false);
  });
});
