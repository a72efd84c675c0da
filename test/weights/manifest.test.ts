import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../src/base/errors.js';
import { loadWeights, matchTensors, namesThrough } from '../../src/nets/load-weights.js';
import {
  CONVENTIONS,
  detectConvention,
  parseManifest,
  type WeightsManifest,
} from '../../src/nets/manifest.js';
import { type WritableTensor, writeSafetensors } from '../../src/nets/safetensors.js';
import { featureNames, mapNames } from '../../src/nets/weight-names.js';

const read = (net: string) => readFileSync(new URL(`../../weights/${net}.json`, import.meta.url), 'utf8');
const manifests = Object.fromEntries(
  ['vgg19', 'vgg16', 'vgg19-slim'].map((net) => [net, parseManifest(read(net), net)]),
) as Record<'vgg19' | 'vgg16' | 'vgg19-slim', WeightsManifest>;
const namesOf = (net: keyof typeof manifests) => manifests[net].tensors.map(({ name }) => name);

/** A net of two layers of VGG's names, for tests that write files. */
const tiny: WeightsManifest = {
  ...manifests['vgg19-slim'],
  net: 'tiny',
  tensors: [
    { name: 'conv1_1.weight', shape: [2, 3, 3, 3], dtype: 'F32' },
    { name: 'conv1_1.bias', shape: [2], dtype: 'F32' },
    { name: 'conv2_1.weight', shape: [1, 2, 3, 3], dtype: 'F32' },
    { name: 'conv2_1.bias', shape: [1], dtype: 'F32' },
  ],
  embedded: null,
};

function tinyTensors(rename: (name: string) => string = (name) => name): Record<string, WritableTensor> {
  return Object.fromEntries(
    tiny.tensors.map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [rename(name), { shape, values: Float32Array.from({ length: size }, (_, i) => i) }];
    }),
  );
}

function load(tensors: Record<string, WritableTensor>, metadata: Record<string, string> = { input: 'BGR' }) {
  return loadWeights({
    bytes: writeSafetensors(tensors, metadata),
    sha256: '0'.repeat(64),
    source: 'tiny.safetensors',
    manifest: tiny,
  });
}

describe('manifests', () => {
  it('list the VGG layers of the paper', () => {
    // Simonyan and Zisserman, table 1: configurations D and E without the fully connected layers.
    const parameters = (net: keyof typeof manifests) =>
      manifests[net].tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(namesOf('vgg19')).toHaveLength(2 * 16);
    expect(namesOf('vgg16')).toHaveLength(2 * 13);
    expect(parameters('vgg19')).toBe(20_024_384);
    expect(parameters('vgg16')).toBe(14_714_688);
    expect(parameters('vgg19-slim')).toBe(810_128);
  });

  it('refuse what breaks the schema, naming the field', () => {
    const change = (edit: (manifest: Record<string, unknown>) => void) => {
      const manifest = JSON.parse(read('vgg19'));
      edit(manifest);
      return () => parseManifest(JSON.stringify(manifest), 'm.json');
    };
    expect(change((m) => delete m.licence)).toThrow(/^m\.json: licence: /);
    expect(change((m) => Object.assign(m, { surprise: 1 }))).toThrow('surprise');
    expect(change((m) => Object.assign(m, { task: 'music' }))).toThrow(/^m\.json: task: /);
    // What a face net needs, and a style net's loss weights, which it has not.
    expect(change((m) => Object.assign(m, { task: 'face' }))).toThrow(/^m\.json: side: /);
    expect(
      change((m) =>
        Object.assign(m, { sources: [{ url: 'http://x.org/a', naming: 'timm', sha256: null, bytes: null }] }),
      ),
    ).toThrow('sources.0.url');
    expect(change((m) => Object.assign(m, { embedded: { file: '../x', sha256: 'a', bytes: 1 } }))).toThrow(
      'embedded.file',
    );
    expect(() => parseManifest('{', 'm.json')).toThrow(WeightsError);
  });
});

describe('names', () => {
  it('count convolutions, ReLUs and poolings as torchvision does', () => {
    const indices = (net: 'vgg19' | 'vgg16') =>
      featureNames(namesOf(net))
        .filter((name) => name.endsWith('weight'))
        .map((name) => Number(name.split('.')[1]));
    // The indices of the Conv2d modules in print(torchvision.models.vgg19().features), and of vgg16.
    expect(indices('vgg19')).toEqual([0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]);
    expect(indices('vgg16')).toEqual([0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]);
  });

  for (const prefix of ['', 'module.', 'model.', 'module.model.']) {
    it(`are found with the prefix "${prefix}", classifiers ignored`, () => {
      const file = [
        ...featureNames(namesOf('vgg16')),
        'classifier.0.weight',
        'pre_logits.fc1.bias',
        'head.fc.weight',
      ];
      const map = mapNames(
        namesOf('vgg16'),
        [...file, 'mystery'].map((name) => prefix + name),
        'file',
      );
      expect(map.naming).toBe('features');
      expect(map.found.get('conv5_3.bias')).toBe(`${prefix}features.28.bias`);
      expect(map.missing).toEqual([]);
      expect(map.ignored).toHaveLength(3);
      expect(map.superfluous).toEqual([`${prefix}mystery`]);
    });
  }

  it('may be the papers', () => {
    const map = mapNames(namesOf('vgg19'), ['conv1_1.weight', 'conv1_1.bias', 'fc6.weight'], 'file');
    expect(map.naming).toBe('layers');
    expect([...map.found.values()]).toEqual(['conv1_1.weight', 'conv1_1.bias']);
    expect(map.missing[0]).toBe('conv1_2.weight');
    expect(map.ignored).toEqual(['fc6.weight']);
  });

  it('refuse other nets', () => {
    const names = namesOf('vgg19');
    expect(() => mapNames(names, ['layer1.0.conv1.weight'], 'f')).toThrow('no tensor is named as in a VGG');
    expect(() => mapNames(names, ['features.1.running_mean'], 'f')).toThrow('batch-normalised');
    expect(() => mapNames(names, ['conv1_1.bias', 'module.conv1_1.bias'], 'f')).toThrow(
      'are both conv1_1.bias',
    );
  });

  it('tell where a layer is', () => {
    expect(namesThrough(manifests.vgg16, 'conv1_2')).toEqual([
      'conv1_1.weight',
      'conv1_1.bias',
      'conv1_2.weight',
      'conv1_2.bias',
    ]);
    expect(() => namesThrough(manifests.vgg16, 'conv3_4')).toThrow(
      'vgg16 has no layer conv3_4; it has conv1_1',
    );
  });
});

describe('loading', () => {
  it('translates names and keeps values', () => {
    const names = tiny.tensors.map(({ name }) => name);
    const features = featureNames(names);
    const { tensors, convention } = load(
      tinyTensors((name) => `module.${features[names.indexOf(name)]}`),
      {},
    );
    expect([...tensors.keys()]).toEqual(tiny.tensors.map(({ name }) => name));
    expect(tensors.get('conv2_1.weight')!.values[17]).toBe(17);
    expect(convention).toEqual(CONVENTIONS.torchvision);
  });

  it('takes a prefix of the net, but not one that is too short', () => {
    const { 'conv2_1.weight': _w, 'conv2_1.bias': _b, ...prefix } = tinyTensors();
    expect([...load(prefix).tensors.keys()]).toEqual(['conv1_1.weight', 'conv1_1.bias']);
    const file = {
      bytes: writeSafetensors(prefix, { input: 'BGR' }),
      sha256: '',
      source: 'f',
      manifest: tiny,
      through: 'conv2_1',
    };
    expect(() => loadWeights(file)).toThrow('f: holds tiny through conv1_1, conv2_1 is needed');
  });

  it('names the first tensor that is wrong', () => {
    const tensors = tinyTensors();
    const { 'conv1_1.bias': _, ...gap } = tensors;
    expect(() => load(gap)).toThrow('tensor conv1_1.bias [2] of tiny is missing');
    const { 'conv2_1.bias': __, ...half } = tensors;
    expect(() => load(half)).toThrow('tensor conv2_1.bias of tiny is missing');
    const shaped = { ...tensors, 'conv2_1.weight': { shape: [2, 1, 3, 3], values: new Float32Array(18) } };
    expect(() => load(shaped)).toThrow('tensor conv2_1.weight must be [1,2,3,3] for tiny, is [2,1,3,3]');
    const nan = { ...tensors, 'conv1_1.bias': { shape: [2], values: Float32Array.of(0, Number.NaN) } };
    expect(() => load(nan)).toThrow('tensor conv1_1.bias: every value must be finite, value 1 is NaN');
    const foreign = { ...tensors, 'conv3_1.bias': { shape: [1], values: new Float32Array(1) } };
    expect(() => load(foreign)).toThrow('conv3_1.bias is of a layer that tiny does not have');
  });

  it('does not take one VGG for the other', () => {
    const shapes = (net: 'vgg19' | 'vgg16', names: readonly string[]) =>
      new Map(manifests[net].tensors.map(({ shape }, i) => [names[i]!, { shape }]));
    for (const [from, to] of [
      ['vgg19', 'vgg16'],
      ['vgg16', 'vgg19'],
    ] as const) {
      const layers = shapes(from, namesOf(from));
      const features = shapes(from, featureNames(namesOf(from)));
      expect(matchTensors(layers, manifests[from], 'f').missing).toEqual([]);
      expect(() => matchTensors(layers, manifests[to], 'f')).toThrow(WeightsError);
      expect(() => matchTensors(features, manifests[to], 'f')).toThrow(WeightsError);
    }
  });
});

describe('the input convention', () => {
  const clues = {
    metadata: {},
    naming: 'layers',
    sha256: 'f'.repeat(64),
    manifest: manifests['vgg19-slim'],
  } as const;
  const caffe = JSON.stringify(CONVENTIONS.caffe);

  it('comes from the metadata, the hash, the user, the names, in this order', () => {
    const { embedded } = manifests['vgg19-slim'];
    const detect = (more: Partial<Parameters<typeof detectConvention>[0]>) =>
      detectConvention({ ...clues, ...more }, 'f');
    expect(detect({ metadata: { 'facet.input': caffe }, naming: 'features' })).toEqual(CONVENTIONS.caffe);
    expect(detect({ sha256: embedded!.sha256 })).toEqual(CONVENTIONS.torchvision);
    expect(detect({ metadata: { input: 'BGR, 0..255' } })).toEqual(CONVENTIONS.caffe);
    expect(detect({ option: 'caffe', naming: 'features' })).toEqual(CONVENTIONS.caffe);
    expect(detect({ naming: 'features' })).toEqual(CONVENTIONS.torchvision);
    expect(() => detect({})).toThrow('f: nothing in the file tells the input convention');
  });

  it('is not overruled where the file states it', () => {
    const files: Record<string, string>[] = [{ 'facet.input': caffe }, { input: 'BGR' }];
    for (const metadata of files) {
      expect(() => detectConvention({ ...clues, metadata, option: 'torchvision' }, 'f')).toThrow(
        'which is not torchvision',
      );
      expect(detectConvention({ ...clues, metadata, option: 'caffe' }, 'f')).toEqual(CONVENTIONS.caffe);
    }
    expect(() =>
      detectConvention({ ...clues, metadata: { 'facet.input': '{"channels":"GBR"}' } }, 'f'),
    ).toThrow('f: metadata facet.input: channels');
  });
});
