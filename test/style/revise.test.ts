// Runs whose wishes change on the way, and the same runs made again from their manifests.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { rgbImage } from '../../src/base/image.js';
import type { Checkpoint } from '../../src/style/checkpoint.js';
import { keepColors } from '../../src/style/color.js';
import {
  encodeRunManifest,
  parseRunManifest,
  type RunManifest,
  type RunPhase,
  withPhase,
} from '../../src/style/manifest.js';
import { contentAt, mixResult, PLAIN_MIX } from '../../src/style/mix.js';
import type { PartialStyleOptions } from '../../src/style/options.js';
import { replay } from '../../src/style/replay.js';
import { growRun, reviseRun } from '../../src/style/revise.js';
import type { StylizeResult } from '../../src/style/stylize.js';
import { content, style, stylePicture, useRuns } from './shared.js';

const runs = useRuns();
const other = stylePicture(36, 36, 3);
const styles = (...shares: number[]) => [style, other].map((image, i) => ({ image, weight: shares[i]! }));
const inputOf = (...shares: number[]) => ({ weights: runs.weights, content, style: styles(...shares) });

/** Runs from a checkpoint, or from the start, until a step is done. */
async function until(step: number, options: PartialStyleOptions, shares: number[], resume?: Checkpoint) {
  const stop = new AbortController();
  return runs.run(
    options,
    { signal: stop.signal, onStep: (event) => void (event.step >= step && stop.abort()) },
    { style: styles(...shares), ...(resume ? { resume } : {}) },
  );
}

function manifestOf(phases: readonly RunPhase[], steps: number, mix = PLAIN_MIX): RunManifest {
  const named = { name: 'a.png', sha256: '0'.repeat(64), width: 48, height: 40 };
  const { net, sha256: weights } = runs.weights;
  const manifest: RunManifest = {
    format: 'facet-style-run-1',
    facet: '0.1.0',
    net,
    weights,
    precision: 'f32',
    content: named,
    styles: [named, named],
    phases: phases.map((phase) => ({ ...phase, shares: [...phase.shares] })),
    steps,
    mix,
    adapter: 'of a test',
  };
  return parseRunManifest(encodeRunManifest(manifest), 'the manifest');
}

const again = (manifest: RunManifest): Promise<StylizeResult> =>
  replay({ device: runs.device, weights: runs.weights, content, styles: [style, other] }, manifest);

describe('a run that changes its mind', () => {
  it.each(['adam', 'lbfgs'] as const)(
    'with %s goes on from its picture, and is replayed bit for bit',
    async (optimizer) => {
      const options = { optimizer, iterations: 12 };
      const first = await until(5, options, [1, 1]);
      const phases: RunPhase[] = [{ from: 0, options: first.options, shares: [1, 1] }];
      const changes = { styleWeight: 3 * first.options.styleWeight, styleLayers: { relu2_1: 1 } };
      const revised = await reviseRun(first.checkpoint, inputOf(1, 4), changes);
      expect(revised.image).toEqual(first.checkpoint.image);
      const second = await until(10, {}, [1, 4], revised);
      const plain = await until(10, {}, [1, 1], first.checkpoint);
      expect(second.image.data).not.toEqual(plain.image.data);
      const grown = await growRun(second.checkpoint, inputOf(1, 4));
      const last = await until(99, {}, [1, 4], grown);
      expect(last.aborted).toBe(false);
      expect([last.image.width, last.image.height]).toEqual([91, 76]);
      expect(last.steps).toBe(16);
      const all = withPhase(withPhase(phases, { from: 5, options: revised.options, shares: [1, 4] }), {
        from: 10,
        options: grown.options,
        shares: [1, 4],
      });
      const repeated = await again(manifestOf(all, last.steps));
      expect(repeated.image.data).toEqual(last.image.data);
      expect(repeated.options).toEqual(last.options);
    },
  );

  it('grows after its end too, and stops where it was stopped', async () => {
    const done = await until(99, { iterations: 4 }, [1, 1]);
    const grown = await growRun(done.checkpoint, inputOf(1, 1));
    expect([grown.options.size, grown.options.iterations]).toEqual([91, 5]);
    const stopped = await until(4, {}, [1, 1], done.checkpoint);
    expect(stopped.image.data).toEqual(done.image.data);
    const phases = [{ from: 0, options: done.options, shares: [1, 1] }];
    const half = await until(2, { iterations: 4 }, [1, 1]);
    expect((await again(manifestOf(phases, 2))).image.data).toEqual(half.image.data);
  });

  it('says what cannot change', async () => {
    const { checkpoint } = await until(1, { iterations: 4 }, [1, 1]);
    const refused = (changes: object) => reviseRun(checkpoint, inputOf(1, 1), changes);
    await expect(refused({ iterations: 9 })).rejects.toThrow('iterations cannot change during a run');
    await expect(refused({ styleWeight: -1 })).rejects.toThrow('style weight must be a number in 0..1');
    await expect(growRun(checkpoint, inputOf(1, 1))).rejects.toThrow(
      'a run grows from its last scale (2), this one is at scale 1',
    );
  });
});

describe('a mix', () => {
  it('goes from the content to the result, and its colours from one to the other', async () => {
    const { image, options, checkpoint } = await until(99, { iterations: 3 }, [1, 1]);
    const scaled = await contentAt(runs.device, { ...inputOf(1, 1), resume: checkpoint }, image);
    expect(mixResult(scaled, image, { strength: 1, color: 0 })).toBe(image);
    expect(mixResult(scaled, image, { strength: 0, color: 0 }).data).toEqual(scaled.data);
    expect(mixResult(scaled, image, { strength: 1, color: 1 })).toEqual(keepColors(scaled, image));
    const mix = { strength: 0.5, color: 0.25 };
    const mixed = mixResult(scaled, image, mix);
    const phases = [{ from: 0, options, shares: [1, 1] }];
    expect((await again(manifestOf(phases, 3, mix))).image).toEqual(mixed);
  });
  it('is by hand what it is', () => {
    const grey = rgbImage(1, 1, Float32Array.of(0.5, 0.5, 0.5));
    const dark = rgbImage(1, 1, Float32Array.of(0.25, 0.25, 0.75));
    expect(mixResult(grey, dark, { strength: 0.5, color: 0 }).data).toEqual(
      Float32Array.of(0.375, 0.375, 0.625),
    );
  });
});

describe('a manifest', () => {
  it('says what is wrong with it', async () => {
    const { options } = await until(1, { iterations: 4 }, [1, 1]);
    const good = manifestOf([{ from: 0, options, shares: [1, 1] }], 4);
    const refused = (change: object) => () =>
      parseRunManifest(JSON.stringify({ ...good, ...change }), 'run.json');
    expect(refused({ format: 'x' })).toThrow(InputError);
    expect(refused({ phases: [{ from: 1, options, shares: [1, 1] }] })).toThrow(
      'phases must begin at step 0',
    );
    expect(refused({ phases: [{ from: 0, options, shares: [1] }] })).toThrow('a share for each style');
    expect(() => parseRunManifest('{', 'run.json')).toThrow('run.json: is not JSON');
    const jump = withPhase(good.phases, { from: 2, options: { ...options, size: 70 }, shares: [1, 1] });
    await expect(again(manifestOf(jump, 4))).rejects.toThrow(InputError);
  });
});
