// Readers of files against bytes that were changed at random.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readPicture } from '../../harness/node/pictures.js';
import { checkPicture } from '../../harness/serve/http/pictures.js';
import { parseCalibration } from '../../src/faces/evaluation/calibration.js';
import { parsePairs } from '../../src/faces/evaluation/pairs.js';
import { memoryGallery } from '../../src/faces/gallery/memory.js';
import { parseTable } from '../../src/gpu/tuning-table.js';
import { parseManifest } from '../../src/nets/manifest.js';
import { nn4CsvFiles, readNn4Csv } from '../../src/nets/nn4-csv.js';
import { parseQuantizedManifest } from '../../src/nets/quantized-weights.js';
import { parseSafetensors, tensorValues, writeSafetensors } from '../../src/nets/safetensors.js';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../src/style/checkpoint.js';
import { CONTRACT, sampleOf } from '../faces/gallery/samples.js';
import { png } from '../serve/shared.js';
import { CASES, counted, mutated, mutatedText, survives } from './mutate.js';

const plain = await png(24, 20);
const pictures = [
  plain,
  await sharp(plain)
    .jpeg()
    .withExif({ IFD0: { Copyright: 'x' } })
    .toBuffer(),
  await sharp(plain).webp().toBuffer(),
  await sharp(plain).gif().toBuffer(),
  await sharp(plain).tiff({ compression: 'lzw' }).toBuffer(),
  await sharp(plain).toColourspace('rgb16').png().toBuffer(),
  await sharp(plain).withIccProfile('p3').jpeg({ progressive: true }).toBuffer(),
];
const tensors = writeSafetensors(
  { a: { shape: [2, 3], values: new Float32Array(6) }, b: { shape: [1], values: new Float32Array(1) } },
  { format: 'pt', note: 'x' },
);
const image = new Float32Array(3 * 4 * 5);
const checkpoint: Checkpoint = {
  identity: { net: 'vgg19-slim', weights: 'w', inputs: 'i' },
  options: {
    size: 16,
    firstSize: 16,
    iterations: 4,
    optimizer: 'adam',
    learningRate: 0.02,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    averageDecay: 0,
    history: 10,
    contentWeight: 1,
    styleWeight: 1,
    tvWeight: 0,
    tvForm: 'l2',
    contentLayers: { relu4_2: 1 },
    styleLayers: { relu1_1: 1 },
    styleLoss: 'gram',
    normalization: 'relative',
    styleScale: 1,
    init: 'content',
    initNoise: 0,
    pooling: 'max',
    poolingScale: 1,
    padding: 'zero',
    color: 'style',
    seed: 0,
    tile: 'auto',
    tileOverlap: 'exact',
    memory: 'auto',
  },
  scale: 0,
  width: 5,
  height: 4,
  stepInScale: 1,
  step: 1,
  image,
  state: new Map([['m', { shape: [1, 3, 4, 5], values: image }]]),
  trace: { steps: [0], series: { total: [1] }, scales: [{ step: 0, width: 5, height: 4 }] },
  choices: {},
  precision: 'f32',
};
const store = memoryGallery();
const gallery = await store.createCollection('people', CONTRACT);
await gallery.enroll([sampleOf('Ann', 1), sampleOf('Bea', 2, { crop: Uint8Array.of(1, 2) })]);
const lines: string[] = [];
for await (const line of gallery.exportLines()) lines.push(line);
const first = nn4CsvFiles()[0]!;
const numbers = Array.from({ length: first.shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 10).join(',');
const manifest = readFileSync(new URL('../../weights/vgg19-slim.json', import.meta.url), 'utf8');

describe('changed bytes', { timeout: 3_600_000 }, () => {
  it('pictures', () => survives(mutated(pictures), 0.12, (bytes) => readPicture(bytes)));
  it('pictures of strangers', () =>
    survives(mutated(pictures), 0.08, (bytes) => checkPicture(bytes, 'content', { maxPixels: 1e6 })));
  it('safetensors', () =>
    survives(mutated([tensors]), 0.14, (bytes) => {
      for (const tensor of parseSafetensors(bytes, 'file').tensors.values()) tensorValues(tensor);
    }));
  it('checkpoints', () =>
    survives(mutated([encodeCheckpoint(checkpoint)]), 0.12, (bytes) => decodeCheckpoint(bytes, 'file')));
  it('weights as CSV', () =>
    survives(mutatedText([numbers]), 0.03, (text) =>
      readNn4Csv((file) => (file === first.file ? text : undefined), 'folder'),
    ));
  it('manifests', () => survives(mutatedText([manifest]), 0.06, (text) => parseManifest(text, 'file')));
  it('manifests of quantised weights', () =>
    survives(
      mutatedText([
        '[{"weights":[{"name":"a","shape":[2],"dtype":"float32","quantization":{"dtype":"uint8","scale":1,"min":0}}],"paths":["a"]}]',
      ]),
      0.05,
      (text) => parseQuantizedManifest(text, 'file'),
    ));
  it('tables of tuning', () =>
    survives(mutatedText(['{"format":"facet-tuning-1","entries":[]}']), 0.04, (text) =>
      parseTable(text, 'file'),
    ));
  it('lists of pairs', () =>
    survives(mutatedText(['2\t1\nAnn\t1\t2\nBea\t1\t2\nAnn\t1\tBea\t1\n']), 0.05, (text) =>
      parsePairs(text),
    ));
  it('calibrations', () =>
    survives(
      fc.oneof(
        fc.jsonValue(),
        fc.record({ kind: fc.constantFrom('platt', 'isotonic'), a: fc.double(), b: fc.double() }),
      ),
      0.04,
      (value) => parseCalibration(value),
    ));
  it('imports of people, of which a failed one leaves nothing', () =>
    survives(mutatedText([lines.join('\n')]), 0.1, async (text) => {
      const empty = memoryGallery();
      try {
        await empty.importLines(text.split('\n'), 'file');
      } catch (error) {
        expect(await empty.listCollections()).toEqual([]);
        throw error;
      }
    }));

  it('were as many as asked for', () => {
    expect(counted.cases).toBeGreaterThanOrEqual(0.82 * CASES);
  });
});
