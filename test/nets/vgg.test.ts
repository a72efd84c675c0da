// The VGG tables, and what a prefix records. Needs no GPU.
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { Tape } from '../../src/graph/tape.js';
import {
  type ConvWeights,
  VGG_NETS,
  type VggOptions,
  vggForward,
  vggLayers,
  vggMinimumSide,
  vggPrefix,
  vggTaps,
} from '../../src/nets/vgg.js';

/** Four channels everywhere: only the order of the layers is looked at. */
const weights: ConvWeights = {
  weight: (name) =>
    tensor(`${name}.weight`, [4, name === 'conv1_1' ? 3 : 4, 3, 3], { layout: 'filter', constant: true }),
  bias: (name) => tensor(`${name}.bias`, [4], { constant: true }),
};

/** Labels of the dispatches that `taps` record, and the taps' shapes. */
function recorded(taps: readonly string[], options: VggOptions = { pooling: 'max', padding: 'zero' }) {
  const tape = new Tape(PLAIN_TARGET);
  const x = tensor('x', [1, 3, 16, 16], { lifetime: 'pinned' });
  const results = vggForward(tape, 'vgg19', weights, x, taps, options);
  expect([...results.keys()]).toEqual(taps);
  return {
    labels: tape.dispatches.map(({ label }) => label),
    shapes: [...results.values()].map(({ shape }) => shape),
  };
}

describe('the tables', () => {
  it('have the convolutions that the papers name', () => {
    const convs = (net: string) => vggLayers(net).filter(({ kind }) => kind === 'conv').length;
    expect(VGG_NETS.map((net) => [net, convs(net)])).toEqual([
      ['vgg19', 16],
      ['vgg16', 13],
      ['vgg19-slim', 13],
    ]);
    expect(vggTaps('vgg16').slice(0, 7)).toEqual([
      'conv1_1',
      'relu1_1',
      'conv1_2',
      'relu1_2',
      'pool1',
      'conv2_1',
      'relu2_1',
    ]);
    expect(vggTaps('vgg19').at(-1)).toBe('relu5_4');
  });

  it('are cut behind the deepest tap', () => {
    expect(vggPrefix('vgg19', ['relu2_1', 'conv1_2']).map(({ name }) => name)).toEqual([
      'conv1_1',
      'conv1_2',
      'pool1',
      'conv2_1',
    ]);
    expect(vggPrefix('vgg19', [])).toEqual([]);
    expect(vggMinimumSide('vgg19', ['relu5_1'])).toBe(16);
  });

  it.each([
    ['vgg19', 'relu6_1', 'vgg19 has no layer relu6_1; it has relu1_1 … relu5_4 (and conv…, pool…)'],
    ['vgg19-slim', 'relu5_2', 'vgg19-slim has no layer relu5_2; it has relu1_1 … relu5_1 (and conv…, pool…)'],
    ['vgg11', 'relu1_1', 'there is no net vgg11; choose one of vgg19, vgg16, vgg19-slim'],
  ])('refuse %s %s', (net, tap, message) => {
    expect(() => vggPrefix(net, [tap])).toThrow(new InputError(message));
  });
});

describe('a recorded prefix', () => {
  it('fuses ReLU where nobody reads the value before it', () => {
    const { labels, shapes } = recorded(['relu1_2', 'pool1']);
    expect(labels).toEqual([
      'conv2d:forward at relu1_1',
      'conv2d:forward at relu1_2',
      'max_pool2d:forward at pool1',
    ]);
    expect(shapes).toEqual([
      [1, 4, 16, 16],
      [1, 4, 8, 8],
    ]);
  });

  it('rectifies a tapped convolution apart, unless it is the last and its ReLU is not asked for', () => {
    expect(recorded(['conv1_1', 'conv1_2']).labels).toEqual([
      'conv2d:forward at conv1_1',
      'relu:forward at relu1_1',
      'conv2d:forward at conv1_2',
    ]);
    expect(recorded(['conv1_1', 'relu1_1']).labels).toEqual([
      'conv2d:forward at conv1_1',
      'relu:forward at relu1_1',
    ]);
  });

  it('pools by averages and repeats edge pixels where told', () => {
    const { labels } = recorded(['pool1'], { pooling: 'average', padding: 'replicate' });
    expect(labels[0]).toBe('pad2d:forward at pad1_1');
    expect(labels.at(-1)).toBe('avg_pool2d:forward at pool1');
  });
});
