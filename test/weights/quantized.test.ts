import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../src/base/errors.js';
import { parseQuantizedManifest, readQuantizedWeights } from '../../src/nets/quantized-weights.js';

const bias = { name: 'bias', shape: [2], dtype: 'float32' };
const quantized = (dtype: string) => ({ ...bias, quantization: { dtype, scale: 0.5, min: -1 } });
const manifestOf = (weights: object[], paths = ['a.bin']) =>
  parseQuantizedManifest(JSON.stringify([{ paths, weights }]), 'm.json');
const read = (weights: object[], bytes: ArrayLike<number>) =>
  readQuantizedWeights(manifestOf(weights), () => Uint8Array.from(bytes), 'm.json');

describe('quantised weights', () => {
  it('are min + scale * q', () => {
    expect([...read([quantized('uint8')], [0, 255]).get('bias')!.values]).toEqual([-1, 126.5]);
    expect([...read([quantized('uint16')], [1, 0, 0, 1]).get('bias')!.values]).toEqual([-0.5, 127]);
  });

  it('may be plain floats, at any offset', () => {
    const floats = new Uint8Array(Float32Array.of(1.5, -2).buffer);
    const tensors = read([{ ...quantized('uint8'), name: 'first', shape: [1] }, bias], [2, ...floats]);
    expect([...tensors.get('bias')!.values]).toEqual([1.5, -2]);
    expect([...tensors.get('first')!.values]).toEqual([0]);
  });

  it('turn filters [R,S,C,K] into [K,C,R,S], depthwise ones into [C,1,R,S]', () => {
    const bytes = [0, 1, 2, 3, 4, 5, 6, 7];
    const filter = { ...quantized('uint8'), name: 'filters', shape: [1, 2, 2, 2] };
    const plain = { ...filter.quantization, scale: 1, min: 0 };
    const full = read([{ ...filter, quantization: plain }], bytes).get('filters')!;
    expect(full.shape).toEqual([2, 2, 1, 2]);
    expect([...full.values]).toEqual([0, 4, 2, 6, 1, 5, 3, 7]);
    const depthwise = { ...filter, name: 'depthwise_filter', shape: [2, 2, 2, 1], quantization: plain };
    const each = read([depthwise], bytes).get('depthwise_filter')!;
    expect(each.shape).toEqual([2, 1, 2, 2]);
    expect([...each.values]).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
  });

  it('turn matrices [D,K] into [K,D]', () => {
    const plain = { dtype: 'uint8', scale: 1, min: 0 };
    const matrix = read(
      [{ ...bias, name: 'weights', shape: [2, 3], quantization: plain }],
      [0, 1, 2, 3, 4, 5],
    );
    expect(matrix.get('weights')!.shape).toEqual([3, 2]);
    expect([...matrix.get('weights')!.values]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  it('span several shards', () => {
    const manifest = manifestOf([quantized('uint8')], ['a.bin', 'b.bin']);
    const shard = (path: string) => Uint8Array.of(path === 'a.bin' ? 2 : 4);
    expect([...readQuantizedWeights(manifest, shard, 'm.json').get('bias')!.values]).toEqual([0, 1]);
  });

  it('are refused with the numbers', () => {
    const refused = (run: () => unknown, text: string) => expect(run).toThrow(new WeightsError(text));
    refused(() => read([bias], [1, 2]), 'm.json: tensor bias [2] ends at byte 8, a.bin has 2');
    refused(() => read([quantized('uint8')], [1, 2, 3]), 'm.json: a.bin has 3 bytes, its tensors take 2');
    refused(
      () => read([quantized('uint8'), quantized('uint8')], [1, 2, 3, 4]),
      'm.json: tensor bias [2] is listed twice',
    );
    refused(
      () => read([bias], new Uint8Array(Float32Array.of(1, Number.NaN).buffer)),
      'm.json: tensor bias [2] holds a value that is not finite',
    );
    expect(() => parseQuantizedManifest('{', 'm.json')).toThrow(/^m\.json: not JSON: /);
    expect(() => manifestOf([{ ...bias, dtype: 'int32' }])).toThrow(
      /^m\.json: no weights manifest: 0\.weights\.0\.dtype: /,
    );
  });
});

it.each([
  ['tiny_face_detector', 19],
  ['face_landmark_68', 49],
  ['face_recognition', 117],
])('the model file %s of face-api is read whole', (name, count) => {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
    'model',
  );
  const path = join(folder, `${name}_model-weights_manifest.json`);
  const manifest = parseQuantizedManifest(readFileSync(path, 'utf8'), path);
  const tensors = readQuantizedWeights(manifest, (file) => readFileSync(join(folder, file)), path);
  expect(tensors.size).toBe(count);
});
