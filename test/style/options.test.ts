import { describe, expect, it } from 'vitest';
import { loadManifest } from '../../harness/node/weights.js';
import { InputError } from '../../src/base/errors.js';
import { CONVENTIONS } from '../../src/nets/manifest.js';
import { fitLongSide, resolveOptions, scaleSizes, scaleSteps } from '../../src/style/options.js';

const manifest = await loadManifest('vgg19-slim', 'style');
const weights = { manifest, convention: manifest.input };

describe('scales', () => {
  it('grow by the root of two up to the size, none below the first', () => {
    expect(scaleSizes({ size: 512, firstSize: 128 })).toEqual([128, 181, 256, 362, 512]);
    expect(scaleSizes({ size: 128, firstSize: 128 })).toEqual([128]);
    expect(scaleSizes({ size: 200, firstSize: 200 })).toEqual([200]);
  });

  it('share the steps 2 : 1 : 1 and lose none', () => {
    expect(scaleSteps(400, 3)).toEqual([200, 100, 100]);
    for (const total of [1, 2, 3, 10, 101, 997])
      for (const scales of [1, 2, 5]) {
        const steps = scaleSteps(total, scales);
        expect(steps.reduce((a, b) => a + b)).toBe(total);
        expect(steps.length).toBe(scales);
      }
  });

  it('keep the aspect ratio and at least one pixel', () => {
    expect(fitLongSide(400, 300, 200)).toEqual({ width: 200, height: 150 });
    expect(fitLongSide(300, 400, 200)).toEqual({ width: 150, height: 200 });
    expect(fitLongSide(10000, 1, 100)).toEqual({ width: 100, height: 1 });
  });
});

describe('options', () => {
  it('come from preset, manifest and caller, in this order', () => {
    const o = resolveOptions({ preset: 'paper', styleWeight: 7 }, weights);
    expect(o.normalization).toBe('paper');
    expect(o.contentWeight).toBe(manifest.defaults.paper.contentWeight);
    expect(o.styleWeight).toBe(7);
  });

  it('follow the convention of the file', async () => {
    const vgg19 = await loadManifest('vgg19', 'style');
    const own = resolveOptions({ preset: 'gatys' }, { manifest: vgg19, convention: CONVENTIONS.torchvision });
    const caffe = resolveOptions({ preset: 'gatys' }, { manifest: vgg19, convention: CONVENTIONS.caffe });
    expect(own.styleWeight).toBe(vgg19.defaults.gatys.styleWeight);
    expect(caffe.styleWeight).toBe(100);
  });

  it("give Crowson's 1000 + 500 per further scale where iterations are not given", () => {
    expect(resolveOptions({ size: 512 }, weights).iterations).toBe(1000 + 4 * 500);
    expect(resolveOptions({ size: 512, iterations: 60 }, weights).iterations).toBe(60);
  });

  it('L-BFGS keeps no average and takes whole steps', () => {
    const o = resolveOptions({ optimizer: 'lbfgs' }, weights);
    expect([o.averageDecay, o.learningRate]).toEqual([0, 1]);
  });

  it.each([
    [{ size: 8 }, 'size must be a whole number in 16..16384, got 8'],
    [{ size: 30.5 }, 'size must be'],
    [{ styleWeight: Number.NaN }, 'style weight must be a number in 0..1000000000000, got NaN'],
    [{ contentWeight: -1 }, 'content weight must be'],
    [{ contentWeight: 0, styleWeight: 0 }, 'nothing to optimise'],
    [{ iterations: -3 }, 'iterations must be'],
    [{ learningRate: 0 }, 'learning rate must be'],
    [{ beta2: 1 }, 'beta2 must be'],
    [{ styleScale: 0 }, 'style scale must be'],
    [{ seed: -1 }, 'seed must be'],
    [{ contentLayers: { relu9_9: 1 } }, 'vgg19-slim has no layer relu9_9'],
    [{ styleLayers: { relu5_4: 1 } }, 'vgg19-slim has no layer relu5_4'],
    [{ styleLayers: {} }, 'name at least one layer'],
    [{ pooling: 'median' as 'max' }, 'pooling must be one of max, average, got median'],
    [{ preset: 'best' as 'paper' }, 'there is no preset best; choose one of paper, gatys, quality'],
  ])('%o is refused', (given, message) => {
    expect(() => resolveOptions(given, weights)).toThrow(InputError);
    expect(() => resolveOptions(given, weights)).toThrow(message);
  });
});
