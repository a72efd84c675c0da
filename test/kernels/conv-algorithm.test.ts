import { describe, expect, it } from 'vitest';
import { compare } from '../../harness/check.js';
import { caseTensors, recordForward } from '../../harness/record.js';
import { KernelError } from '../../src/base/errors.js';
import { TEXTURE_WIDTH } from '../../src/base/layout.js';
import { normal, uniform } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { PLAIN_TARGET, type Target } from '../../src/gpu/kernel.js';
import { TUNING_PRESETS } from '../../src/gpu/presets.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { type ConvAlgorithm, chooseConv, convTunable } from '../../src/kernels/conv-algorithm.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { gramTunables } from '../../src/kernels/gram.js';
import type { OpSpec } from '../../src/kernels/op.js';
import { ndarray } from '../../src/reference/array.js';
import { conv2dReference } from '../../src/reference/conv2d.js';
import { winogradBound } from '../../src/reference/winograd.js';
import { useDevice } from './shared.js';

const cpu: Target = { ...PLAIN_TARGET, subgroupSize: 8, cpu: true };
const square = (c: number, k: number, side: number) => ({
  n: 1,
  c,
  k,
  r: 3,
  s: 3,
  stride: 1,
  pad: 1,
  p: side,
  q: side,
});

describe('the default algorithm', () => {
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
    ['a 5x5 window on a narrow map', { ...square(64, 64, 12), r: 5, s: 5 }, 'flat'],
    ['a 1x1 window on a narrow map', { ...square(640, 256, 6), r: 1, s: 1, pad: 0 }, 'flat'],
    ['a narrow map of few inputs', { ...square(8, 64, 12), stride: 2 }, 'direct'],
  ] as const)('%s', (_what, shape, expected) => expect(convTunable(cpu, shape).candidates[0]).toBe(expected));
});

describe('the default algorithm of a GPU', () => {
  const gpu: Target = { ...PLAIN_TARGET, f16: true };
  const first = (target: Target, shape: ReturnType<typeof square>) =>
    convTunable(target, shape).candidates[0];

  it.each([
    ["a picture's gradient", square(64, 3, 512), 'direct'],
    ['large maps', square(64, 64, 256), 'tiled/64x64'],
    ['small maps', square(512, 512, 16), 'tiled/32x32'],
    ['a stride', { ...square(64, 64, 256), stride: 2 }, 'tiled/64x64'],
  ] as const)('%s', (_what, shape, expected) => expect(first(gpu, shape)).toBe(expected));

  it('takes f16 where it may and can, and no tile that does not fit', () => {
    const mixed: Target = { ...gpu, precision: 'mixed' };
    expect(first(mixed, square(64, 64, 256))).toBe('tiled-f16/64x64');
    expect(first({ ...mixed, f16: false }, square(64, 64, 256))).toBe('tiled/64x64');
    expect(first({ ...gpu, maxSharedBytes: 8192 }, square(64, 64, 256))).toBe('tiled/32x32');
    expect(first({ ...gpu, maxWorkgroupThreads: 32 }, square(64, 64, 256))).toBe('direct');
  });

  it('lists matrices under mixed precision alone, and only shapes that divide its tile', () => {
    const shape = (m: number, n: number, k: number, subgroup = 32) => ({ m, n, k, subgroup });
    const matrices = [shape(16, 16, 16), shape(8, 8, 8), shape(12, 16, 16), shape(16, 16, 16, 8)];
    const names = (precision: 'f32' | 'mixed') =>
      convTunable({ ...gpu, precision, matrices }, square(64, 64, 64)).candidates.filter((name) =>
        name.startsWith('matrix'),
      );
    expect(names('mixed')).toEqual(['matrix/16x16x16', 'matrix/8x8x8']);
    expect(names('f32')).toEqual([]);
  });

  it('takes f16 under mixed precision whatever was found best without, and never for statistics', () => {
    const shape = square(64, 64, 256);
    const found = convTunable(gpu, shape);
    const table = { conv2d: { '*': 'direct', [found.bucket]: 'tiled/32x32' } };
    const mixed: Target = { ...gpu, precision: 'mixed', choices: table };
    expect(chooseConv({ ...gpu, choices: table }, shape)).toBe('tiled/32x32');
    expect(chooseConv(mixed, shape)).toBe('tiled-f16/64x64');
    const own = { ...table, 'conv2d-mixed': { [found.bucket]: 'tiled/64x64' } };
    expect(chooseConv({ ...mixed, choices: own }, shape)).toBe('tiled/64x64');
    expect(gramTunables({ x: [1, 64, 256, 256] }, {}, mixed)['backward:x']!.family).toBe('conv2d');
    // Without f16, and on rasterisers, there is nothing to add: what was measured holds.
    expect(chooseConv({ ...mixed, f16: false }, shape)).toBe('tiled/32x32');
    expect(convTunable({ ...cpu, f16: true, precision: 'mixed' }, shape).family).toBe('conv2d');
  });

  it.each(
    TUNING_PRESETS.filter(({ name }) => !/llvmpipe|swiftshader|software/.test(name)).map(
      ({ name, choices }) => [name, choices] as const,
    ),
  )('is an f16 one under mixed precision with the preset %s', (_name, choices) => {
    const mixed: Target = { ...gpu, precision: 'mixed', choices };
    expect(chooseConv(mixed, square(256, 256, 64))).toMatch(/^tiled-f16\//);
    expect(chooseConv(mixed, square(64, 3, 128))).toBe('direct');
  });

  it('refuses a forced algorithm that the adapter cannot run', () => {
    const choose = (forced: ConvAlgorithm, target: Target = cpu) =>
      chooseConv(target, square(8, 8, 8), forced);
    expect(choose('tiled/64x64')).toBe('tiled/64x64');
    expect(() => choose('tiled-f16/64x64')).toThrow(KernelError);
    expect(() => choose('matrix/16x16x16', { ...gpu, precision: 'mixed' })).toThrow(
      /^conv2d-mixed: matrix\/16x16x16 does not apply to 3x3s1 c8 k8 px64 on this adapter; there is direct, /,
    );
  });
});

describe('Winograd for other adapters, run on this one', () => {
  const gpu = useDevice();
  const op = conv2d as unknown as OpSpec<unknown>;
  const shapes = { x: [2, 9, 21, 18], weight: [38, 9, 3, 3], bias: [38] };
  const arrays = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => [
      name,
      ndarray(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, (_, at) => normal(i, at)),
      ),
    ]),
  );
  const others: Record<string, Partial<Target>> = {
    'small bindings': { maxBindingBytes: 36 * 10 * 16 * 7 },
    'no textures': { maxTextureSize: 1024 },
    'no subgroups': { subgroupSize: 0 },
    'a GPU': { subgroupSize: 0, cpu: false },
  };

  it.each(
    Object.keys(others).flatMap((name) =>
      (['winograd2', 'winograd4'] as const).map((to) => [name, to] as const),
    ),
  )('%s, %s', async (name, algorithm) => {
    const store = new TensorStore(gpu.device);
    const attrs = { stride: 1, pad: 1, relu: true, algorithm };
    const inputs = caseTensors(op, shapes);
    for (const [input, t] of Object.entries(inputs)) store.pin(t, arrays[input]!.data);
    const { y, dispatches } = recordForward(op, attrs, inputs, { ...gpu.device.target, ...others[name] });
    const program = await Program.compile(store, dispatches, { keep: [y] });
    program.runPoisoned();
    const poisoned = await program.read(y);
    program.run();
    expect(await program.read(y)).toEqual(poisoned);
    const { report, ok } = compare(
      `${algorithm} with ${name}`,
      poisoned,
      conv2dReference.forward(arrays, attrs),
      conv2dReference.forwardBound(arrays, attrs),
    );
    expect(ok, report).toBe(true);
    store.destroy();
  });
});

describe('Winograd with frozen filters', () => {
  const gpu = useDevice();
  const op = conv2d as unknown as OpSpec<unknown>;
  const values = (shape: readonly number[], seed: number) =>
    ndarray(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, (_, at) => normal(seed, at)),
    );
  const [wide, narrow] = [20, 36];

  // One row of tiles: tileT times 8 lanes, the last three tiles missing.
  it.each([1, 2, 3, 4, 5, 6, 7, 8].map((tileT) => [tileT, wide, 2 * (8 * tileT - 3)] as const))(
    '%i tiles per thread, %i channels, %i pixels',
    (tileT, k, width) => check(k, width, 'winograd_gemm', tileT),
  );
  it.each([
    [4, narrow, 8],
    [8, narrow, 10],
    [16, narrow, 32],
  ])('%i tiles per subgroup, %i channels, %i pixels', (tileT, k, width) =>
    check(k, width, 'winograd_gemm_narrow', tileT),
  );

  async function check(k: number, width: number, kernel: string, tileT: number) {
    const { target } = gpu.device;
    const attrs = { stride: 1, pad: 1, relu: false, algorithm: 'winograd2' as const };
    const shapes = { x: [1, 7, 2, width], weight: [k, 7, 3, 3], bias: [k] };
    const arrays = Object.fromEntries(
      Object.entries(shapes).map(([name, shape], i) => [name, values(shape, i)]),
    );
    const store = new TensorStore(gpu.device);
    const inputs = caseTensors(op, shapes, true);
    for (const [input, t] of Object.entries(inputs)) store.pin(t, arrays[input]!.data);
    const { y, dispatches } = recordForward(op, attrs, inputs, target);
    const product = dispatches.find((d) => 'loadU' in d.variant)!;
    if (target.cpu && target.subgroupSize === 8) {
      expect(product.kernel.name).toBe(kernel);
      expect(product.variant).toMatchObject({ tileT, loadU: 'texture' });
    }
    const program = await Program.compile(store, dispatches, { keep: [y] });
    program.runPoisoned();
    const { report, ok } = compare(
      `${kernel} with ${tileT} tiles`,
      await program.read(y),
      conv2dReference.forward(arrays, attrs),
      conv2dReference.forwardBound(arrays, attrs),
    );
    expect(ok, report).toBe(true);
    // The transformed filters are moved once, not copied by every run, and shared.
    const copied = program.plan.textures.copies.map(({ tensor }) => tensor.name);
    expect(copied).not.toContain('case.u');
    const held = store.bytes;
    const again = await Program.compile(store, dispatches, { keep: [y] });
    expect(store.bytes).toBe(held);
    again.run();
    expect(await again.read(y)).toEqual(await program.read(y));
    store.destroy();
  }
});

describe('Winograd within the limits of the adapter', () => {
  const record = (side: number, target: Target) => {
    const op = conv2d as unknown as OpSpec<unknown>;
    const inputs = caseTensors(op, { x: [1, 64, side, side], weight: [64, 64, 3, 3], bias: [64] });
    return recordForward(op, { stride: 1, pad: 1, algorithm: 'winograd4' }, inputs, target).dispatches;
  };
  const gemms = (list: ReturnType<typeof record>) =>
    list.filter(({ kernel }) => kernel.name === 'winograd_gemm');

  it('takes all tiles at once where their scratch is small', () =>
    expect(gemms(record(128, cpu))).toHaveLength(1));

  it('takes equal batches where it is large', () => {
    // 36 frequencies x 16 blocks x 4096 tiles x 16 bytes = 36 MiB.
    expect(gemms(record(256, cpu)).map(({ params }) => params.T)).toEqual([2048, 2048]);
    // One binding may be the limit too: 9216 bytes a tile.
    const small = { ...cpu, maxBindingBytes: 9216 * 1024 };
    expect(gemms(record(256, small)).map(({ params }) => params.T)).toEqual([1024, 1024, 1024, 1024]);
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
      'conv2d at a: winograd4 needs a 3x3 window, stride 1 and pad up to 2, got 5x5, stride 1 and pad 2',
    );
    expect(() =>
      conv2d.output({ ...shapes, weight: [4, 4, 3, 3] }, { stride: 2, pad: 1, algorithm: 'winograd2' }, 'b'),
    ).toThrow(
      'conv2d at b: winograd2 needs a 3x3 window, stride 1 and pad up to 2, got 3x3, stride 2 and pad',
    );
  });
});

it.each([1, 3, 16, 64])(
  'the tolerance that a tuner allows covers the bound of Winograd: %i channels',
  (c) => {
    const [k, side] = [2, 10];
    const values = (seed: number, shape: readonly number[]) =>
      ndarray(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => 2 * uniform(seed, i) - 1),
      );
    const inputs = { x: values(1, [1, c, side, side]), weight: values(2, [k, c, 3, 3]) };
    const largest = ({ magnitude, terms }: { magnitude: { data: ArrayLike<number> }; terms: number }) =>
      Math.sqrt(terms) * Math.max(...Array.from(magnitude.data));
    const direct = largest(conv2dReference.forwardBound(inputs, { stride: 1, pad: 1, algorithm: 'direct' }));
    const { tolerance } = convTunable(cpu, square(c, k, side));
    for (const m of [2, 4] as const) {
      const factor =
        largest(winogradBound(inputs.x, inputs.weight, undefined, [1, k, side, side], 1, m)) / direct;
      expect(factor).toBeLessThan(tolerance![`winograd${m}`]!);
      // Nor is it so wide that it says nothing.
      expect(factor).toBeGreaterThan(0.2 * tolerance![`winograd${m}`]!);
    }
  },
);
