// Where the face nets' weights come from.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkFaceNet, digestOf, findNn4, loadFaceModels } from '../../harness/node/faces/models.js';
import { findWeights, loadFile, loadManifest } from '../../harness/node/weights.js';
import { importWeights } from '../../harness/node/weights-store.js';
import { InputError, WeightsError } from '../../src/base/errors.js';
import { DIMENSION } from '../../src/faces/gallery/types.js';
import { embedderOf } from '../../src/faces/models.js';
import type { ConventionName } from '../../src/nets/manifest.js';
import { type Nn4CsvFile, nn4CsvFiles } from '../../src/nets/nn4-csv.js';
import { NN4_SMALL2_BLOCKS } from '../../src/nets/nn4-small2.js';
import { writeSafetensors } from '../../src/nets/safetensors.js';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

/** The first number of a tensor tells it from the others, the rest are equal. */
function valuesOf({ shape, file }: Nn4CsvFile, i: number): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(file.endsWith('_v.csv') ? 1 : 0.25);
  values[0] = 1 + i / 256;
  return values;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facet-face-models-'));
  mkdirSync(at('csv'));
  const tensors = new Map(
    nn4CsvFiles().map((file, i) => [file.tensor, { shape: file.shape, values: valuesOf(file, i) }]),
  );
  for (const [i, file] of nn4CsvFiles().entries())
    writeFileSync(at('csv', file.file), valuesOf(file, i).join('\n'));
  const counter = { shape: [1], values: new Float32Array(1) };
  writeFileSync(at('nn4.safetensors'), writeSafetensors(new Map([...tensors, ['bn1.num_batches', counter]])));
  writeFileSync(at('bgr.safetensors'), writeSafetensors(tensors, { note: 'trained on BGR' }));
  const variance = tensors.get('bn1.running_var')!;
  const negative = { ...variance, values: variance.values.map(() => -1) };
  writeFileSync(
    at('negative.safetensors'),
    writeSafetensors(new Map([...tensors, ['bn1.running_var', negative]])),
  );
  tensors.delete('bn2.running_var');
  writeFileSync(at('cut.safetensors'), writeSafetensors(tensors));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('nn4.small2', () => {
  it('is the same net out of CSV files, out of safetensors and out of the cache', async () => {
    const csv = await findNn4(at('csv'), {});
    const file = await findNn4(at('nn4.safetensors'), {});
    expect(digestOf(csv.tensors)).toBe(digestOf(file.tensors));
    const env = { FACET_CACHE: at('cache') };
    const manifest = await loadManifest('nn4.small2', 'face');
    const to = at('cache', 'weights', 'nn4.small2.safetensors');
    const stored = await importWeights(at('csv'), { manifest, to });
    expect(stored).toMatchObject({ net: 'nn4.small2', path: to, through: 'dense' });
    const { contract } = await loadFaceModels({ net: 'nn4.small2', aligned: true, env });
    expect(contract).toEqual({
      net: 'nn4.small2',
      weights: digestOf(csv.tensors),
      template: 'openface-outer-eyes-and-nose-96',
      dimension: 128,
    });
    await expect(importWeights(at('csv'), { manifest, to })).rejects.toThrow(
      /exists already; --force replaces it/,
    );
  });

  it('has no probabilities with weights other than those that they were fitted with', async () => {
    const { pipeline } = await loadFaceModels({ net: 'nn4.small2', weights: at('csv'), aligned: true });
    expect(embedderOf('nn4.small2').calibration).toBeDefined();
    expect(pipeline.embedder.calibration).toBeUndefined();
  });

  it('is looked for in FACET_WEIGHTS, and missed with the places named', async () => {
    const found = await findNn4(undefined, { FACET_WEIGHTS: at('csv'), FACET_CACHE: at('none') });
    expect(found.source).toBe(at('csv'));
    await expect(findNn4(undefined, { FACET_CACHE: at('none') })).rejects.toThrow(
      /nn4\.small2: no weights found; .*looked at .*none/,
    );
  });

  it('has a manifest of the layers, poolings and template that the code has', async () => {
    const manifest = await loadManifest('nn4.small2', 'face');
    expect(manifest.tensors).toEqual(
      nn4CsvFiles().map(({ tensor: name, shape }) => ({ name, shape, dtype: 'F32' })),
    );
    expect(manifest.poolings).toEqual(
      NN4_SMALL2_BLOCKS.map(({ name, pool: { kind, stride } }) => ({ block: name, kind, window: 3, stride })),
    );
    const { name, size } = embedderOf('nn4.small2').template;
    expect(manifest).toMatchObject({ template: name, side: size, dimension: DIMENSION });
  });

  it('takes its own convention alone, and refuses what cannot be folded', async () => {
    const manifest = await loadManifest('nn4.small2', 'face');
    const load = (name: string, option?: ConventionName) =>
      loadFile(name, readFileSync(at(name)), manifest, option ? { inputConvention: option } : {});
    expect(load('nn4.safetensors').convention).toEqual(manifest.input);
    expect(() => load('nn4.safetensors', 'caffe')).toThrow(/is not caffe/);
    expect(() => load('bgr.safetensors')).toThrow(/the file is for BGR, .*nn4\.small2 takes RGB, 0\.\.1/);
    expect(() => checkFaceNet(load('negative.safetensors'))).toThrow(/bn1|conv1/);
  });

  it('is no style net', async () => {
    await expect(findWeights('nn4.small2')).rejects.toThrow(
      'nn4.small2 is a face net, a style net is needed',
    );
  });

  it('is refused where a tensor is missing', async () => {
    await expect(findNn4(at('cut.safetensors'), {})).rejects.toThrow(
      /tensor bn2\.running_var of nn4\.small2 is missing/,
    );
    await expect(findNn4(at('cut.safetensors'), {})).rejects.toBeInstanceOf(WeightsError);
  });
});

describe('resnet34', () => {
  it('comes out of the installed package, with detector and landmark net', async () => {
    const { pipeline, contract } = await loadFaceModels();
    expect(contract.net).toBe('resnet34');
    expect(contract.weights).toBe(embedderOf('resnet34').measured);
    expect(pipeline.embedder.calibration).toEqual(embedderOf('resnet34').calibration);
    expect(pipeline.detector!.tensors.get('conv0/filters')!.shape).toEqual([16, 3, 3, 3]);
    expect(pipeline.landmarks!.tensors.size).toBeGreaterThan(30);
    expect((await loadFaceModels({ aligned: true })).pipeline.detector).toBeUndefined();
  });

  it('takes no other weights, and no other name', async () => {
    await expect(loadFaceModels({ weights: 'x' })).rejects.toThrow(/--weights is for nn4\.small2/);
    await expect(loadFaceModels({ net: 'arcface' })).rejects.toThrow(InputError);
  });
});
