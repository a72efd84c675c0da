// Where the face nets' weights come from.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf, findNn4, loadFaceModels } from '../../harness/node/faces/models.js';
import { importNn4 } from '../../harness/node/faces/weights-import.js';
import { InputError, WeightsError } from '../../src/base/errors.js';
import { type Nn4CsvFile, nn4CsvFiles } from '../../src/nets/nn4-csv.js';
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
    const stored = await importNn4(at('csv'), { to: at('cache', 'weights', 'nn4.small2.safetensors') });
    expect(stored.weights).toBe(digestOf(csv.tensors));
    const { contract } = await loadFaceModels({ net: 'nn4.small2', aligned: true, env });
    expect(contract).toEqual({
      net: 'nn4.small2',
      weights: stored.weights,
      template: 'openface-outer-eyes-and-nose-96',
      dimension: 128,
    });
    await expect(importNn4(at('csv'), { to: stored.path })).rejects.toThrow(
      /exists already; --force replaces it/,
    );
  });

  it('is looked for in FACET_WEIGHTS, and missed with the places named', async () => {
    const found = await findNn4(undefined, { FACET_WEIGHTS: at('csv'), FACET_CACHE: at('none') });
    expect(found.source).toBe(at('csv'));
    await expect(findNn4(undefined, { FACET_CACHE: at('none') })).rejects.toThrow(
      /nn4\.small2: no weights found; .*looked at .*none/,
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
    expect(contract.weights).toMatch(/^[0-9a-f]{64}$/);
    expect(pipeline.detector!.tensors.get('conv0/filters')!.shape).toEqual([16, 3, 3, 3]);
    expect(pipeline.landmarks!.tensors.size).toBeGreaterThan(30);
    expect((await loadFaceModels({ aligned: true })).pipeline.detector).toBeUndefined();
  });

  it('takes no other weights, and no other name', async () => {
    await expect(loadFaceModels({ weights: 'x' })).rejects.toThrow(/--weights is for nn4\.small2/);
    await expect(loadFaceModels({ net: 'arcface' })).rejects.toThrow(InputError);
  });
});
