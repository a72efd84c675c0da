// Parts of the studio that need no browser: texts, estimates, layers as text, which checkpoints are kept.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EtaClock } from '../../harness/web/studio/style/eta.js';
import { thinned } from '../../harness/web/studio/style/run-store.js';
import { formatLayers, parseLayers, settingsOf } from '../../harness/web/studio/style/settings.js';
import { en } from '../../harness/web/studio/text/en.js';
import { zh } from '../../harness/web/studio/text/zh.js';
import { classesZh, errorsZh, namesZh } from '../../harness/web/studio/text/zh-errors.js';
import { webManifest } from '../../harness/web/weights.js';
import { contentSecurityPolicy } from '../../scripts/lib/headers.mjs';
import type { InputError } from '../../src/base/errors.js';
import * as errors from '../../src/base/errors.js';
import { rgbImage } from '../../src/base/image.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import { checkInput } from '../../src/style/input.js';
import { type PartialStyleOptions, PRESET_NAMES, resolveOptions } from '../../src/style/options.js';
import { ROOT } from '../architecture/source.js';

describe('texts', () => {
  const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
  it('say the same in both languages, with the same holes', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
      expect(holes(zh[key as keyof typeof en]), key).toEqual(holes(text));
      expect(text.trim(), key).not.toBe('');
    }
  });
  it('are all used', () => {
    const studio = join(ROOT, 'harness', 'web', 'studio');
    const code = readdirSync(studio, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !/[\\/]?text[\\/]/.test(name))
      .map((name) => readFileSync(join(studio, name), 'utf8'))
      .join('\n');
    // Keys that are put together from a prefix.
    const built = /^(?:trouble\.|tab\.|style\.stage\.|faces\.doubt\.|hood\.tuned\.)/;
    const unused = Object.keys(en).filter(
      (key) => ![`'${key}'`, `"${key}"`].some((quoted) => code.includes(quoted)) && !built.test(key),
    );
    expect(unused).toEqual([]);
  });
});

describe('errors', () => {
  const manifest = webManifest('vgg19-slim');
  const weights = { manifest, convention: manifest.input };
  const image = rgbImage(32, 32, new Float32Array(3 * 32 * 32));
  const run = { weights: { ...weights, net: 'vgg19-slim' } as LoadedWeights, content: image, style: image };
  const wide = rgbImage(64, 32, new Float32Array(3 * 64 * 32));
  const thrown: (() => unknown)[] = [
    () => resolveOptions({ size: 1.5 }, weights),
    () => resolveOptions({ beta1: 2 }, weights),
    () => resolveOptions({ color: 'blue' as 'keep' }, weights),
    () => checkInput({ ...run, contentMask: image }),
    () => checkInput({ ...run, initImage: wide }),
    () => checkInput({ ...run, options: { init: 'image' } }),
    () => checkInput({ ...run, content: rgbImage(640, 16, new Float32Array(3 * 640 * 16)) }),
  ];
  it.each(thrown.map((make) => [make] as const))('carry what their sentence asks for: %s', (make) => {
    let error: unknown;
    try {
      make();
    } catch (caught) {
      error = caught;
    }
    const fact = (error as InputError).fact!;
    const asked = [...errorsZh[fact.code].matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
    expect(Object.keys(fact.values)).toEqual(expect.arrayContaining(asked));
    if (typeof fact.values.name === 'string') expect(Object.keys(namesZh)).toContain(fact.values.name);
  });
  it('are all said in Chinese, by class where there is no sentence', () => {
    const classes = Object.values(errors).map(({ name }) => name);
    expect(Object.keys(classesZh).sort()).toEqual(classes.sort());
  });
});

describe('settings', () => {
  it('read and write layers', () => {
    expect(parseLayers(' relu1_1:2, relu2_1 ')).toEqual({ relu1_1: 2, relu2_1: 1 });
    expect(parseLayers('  ')).toBeUndefined();
    expect(parseLayers('relu1_1:x')).toEqual({ relu1_1: Number.NaN });
    expect(formatLayers({ relu1_1: 2, relu2_1: 1 })).toBe('relu1_1:2, relu2_1');
  });
  it.each(PRESET_NAMES)('of a run of %s come to the options of that run', (preset) => {
    const manifest = webManifest('vgg19-slim');
    const weights = { manifest, convention: manifest.input };
    const options = resolveOptions({ preset, size: 300, iterations: 40 }, weights);
    const given: PartialStyleOptions = settingsOf(options, 'vgg19-slim', 'f32').options;
    const again = resolveOptions(given, weights);
    // L-BFGS's number of pairs means nothing with Adam.
    expect({ ...again, history: 0 }).toEqual({ ...options, history: 0 });
  });
});

describe('a run', () => {
  it('is estimated by its pixels', () => {
    const clock = new EtaClock();
    expect(clock.left(100, [{ steps: 9, pixels: 100 }], 0)).toBeUndefined();
    // 10 ms for 100 pixels: 8 steps of 100 and 5 of 400 are 280 ms.
    const rest = [
      { steps: 8, pixels: 100 },
      { steps: 5, pixels: 400 },
    ];
    expect(clock.left(100, rest, 10)).toBeCloseTo(0.28, 10);
    clock.reset();
    expect(clock.left(100, rest, 5000)).toBeUndefined();
  });
  it('keeps its first and last checkpoints, and fewer in between', () => {
    let kept: { step: number }[] = [];
    for (let step = 10; step <= 300; step += 10) kept = thinned([...kept, { step }]);
    expect(kept.length).toBe(8);
    expect(kept[0]!.step).toBe(10);
    expect(kept.at(-1)!.step).toBe(300);
    const gaps = kept.slice(1).map(({ step }, i) => step - kept[i]!.step);
    expect(Math.max(...gaps)).toBeLessThan(120);
  });
});

it('the policy allows nothing from elsewhere', () => {
  const policy = contentSecurityPolicy();
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).toContain("connect-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/https?:|\*|unsafe/);
});
