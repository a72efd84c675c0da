import { describe, expect, it } from 'vitest';
import { caseTensors, recordForward } from '../../harness/record.js';
import { TEXTURE_WIDTH } from '../../src/base/layout.js';
import type { Target } from '../../src/gpu/kernel.js';
import { chooseConvAlgorithm } from '../../src/kernels/conv-algorithm.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import type { OpSpec } from '../../src/kernels/op.js';

const cpu: Target = {
  subgroupSize: 8,
  cpu: true,
  maxWorkgroups: 65535,
  maxBindingBytes: 2 ** 27,
  maxTextureSize: 8192,
};
const square = (c: number, k: number, side: number) => ({
  n: 1,
  c,
  k,
  r: 3,
  s: 3,
  stride: 1,
  p: side,
  q: side,
});

describe('chooseConvAlgorithm', () => {
  it.each([
    ['the first layer', square(3, 64, 128), 'direct'],
    ['its data gradient', square(64, 3, 128), 'direct'],
    ['few channels', square(16, 32, 64), 'direct'],
    ['32 channels', square(32, 32, 64), 'winograd4'],
    ['16 tiles of 4x4', square(512, 512, 16), 'winograd4'],
    ['4 tiles of 4x4', square(512, 512, 8), 'winograd2'],
    ['one tile of 4x4', square(512, 512, 4), 'winograd2'],
    ['several pictures of 4 tiles', { ...square(512, 512, 8), n: 4 }, 'winograd4'],
    ['a stride', { ...square(64, 64, 64), stride: 2 }, 'direct'],
    ['a 5x5 window', { ...square(64, 64, 64), r: 5, s: 5 }, 'direct'],
  ] as const)('%s', (_what, shape, expected) => expect(chooseConvAlgorithm(cpu, shape)).toBe(expected));

  it('is direct on a GPU', () =>
    expect(chooseConvAlgorithm({ ...cpu, cpu: false }, square(256, 256, 64))).toBe('direct'));
});

describe('Winograd within the limits of the adapter', () => {
  const record = (side: number, target: Target) => {
    const op = conv2d as unknown as OpSpec<unknown>;
    const inputs = caseTensors(op, { x: [1, 64, side, side], weight: [64, 64, 3, 3], bias: [64] });
    return recordForward(op, { stride: 1, pad: 1, algorithm: 'winograd4' }, inputs, target).dispatches;
  };
  const gemms = (list: ReturnType<typeof record>) =>
    list.filter(({ kernel }) => kernel.name === 'winograd_gemm');

  it('takes all tiles at once where their scratch fits one binding', () =>
    expect(gemms(record(256, cpu))).toHaveLength(1));

  it('takes equal batches where it does not', () => {
    // 36 frequencies x 16 blocks x 16 384 tiles x 16 bytes = 144 MiB, 16 MiB more than one binding.
    const batches = gemms(record(512, cpu));
    expect(batches.map(({ params }) => params.T)).toEqual([8192, 8192]);
    expect(gemms(record(512, { ...cpu, maxBindingBytes: 2 ** 28 }))).toHaveLength(1);
  });

  it('covers every tile, the last batch reaching over the end', () => {
    const list = record(100, { ...cpu, maxBindingBytes: 36 * 16 * 16 * 100 });
    const outputs = list.filter(({ kernel }) => kernel.name === 'winograd_output');
    expect(outputs.map(({ params }) => params.first)).toEqual([0, 90, 180, 270, 360, 450, 540]);
    expect(outputs.at(-1)!.params).toMatchObject({ T: 90, tiles: 625 });
  });

  it('reads buffers where textures are too small', () => {
    const variants = record(256, { ...cpu, maxTextureSize: TEXTURE_WIDTH / 2 }).map(
      ({ variant }) => variant.load,
    );
    expect(variants).not.toContain('texture');
    expect(record(256, cpu).map(({ variant }) => variant.load)).toContain('texture');
  });

  it('is refused for other windows and strides', () => {
    const shapes = { x: [1, 4, 8, 8], weight: [4, 4, 5, 5] };
    expect(() => conv2d.output(shapes, { stride: 1, pad: 2, algorithm: 'winograd4' }, 'a')).toThrow(
      'conv2d at a: winograd4 needs a 3x3 window and stride 1, got 5x5 and stride 1',
    );
    expect(() =>
      conv2d.output({ ...shapes, weight: [4, 4, 3, 3] }, { stride: 2, pad: 1, algorithm: 'winograd2' }, 'b'),
    ).toThrow('conv2d at b: winograd2 needs a 3x3 window and stride 1, got 3x3 and stride 2');
  });
});
