import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeviceLostError, KernelError, OutOfMemoryError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { Device, findAdapter, reportAdapter } from '../../src/gpu/device.js';
import { dispatch, type KernelSpec } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { fillKernel as typedFillKernel } from '../../src/kernels/arithmetic.js';
import { reluForwardKernel as typedReluKernel } from '../../src/kernels/relu.js';
import { nodePlatform } from '../../src/platform/node.js';

const reluForwardKernel = typedReluKernel as unknown as KernelSpec;
const fillKernel = typedFillKernel as unknown as KernelSpec;
let platform: ReturnType<typeof nodePlatform>;
let device: Device;
beforeEach(async () => {
  platform = nodePlatform();
  device = await Device.open(platform);
});
afterEach(() => {
  device.destroy();
  platform.dispose();
});

describe('opening', () => {
  it('raises every limit to the adapter’s own and takes the features that it has', async () => {
    const adapter = (await findAdapter(platform))!;
    const report = reportAdapter(adapter);
    for (const [name, value] of Object.entries(report.limits)) {
      expect(device.gpu.limits[name as keyof GPUSupportedLimits], name).toBe(value);
    }
    expect(device.adapter.description + device.adapter.device).not.toBe('');
    for (const feature of ['timestamp-query', 'subgroups']) {
      expect(device.gpu.features.has(feature)).toBe(report.features.includes(feature));
    }
  });

  it('refuses Dawn’s Null backend, which computes nothing', async () => {
    const nothing = nodePlatform(['backend=null']);
    expect(await findAdapter(nothing)).toBeUndefined();
    await expect(Device.open(nothing)).rejects.toThrow(DeviceLostError);
    nothing.dispose();
  });
});

describe('buffers', () => {
  it('come back as written, from an offset too, and are zero at first', async () => {
    const buffer = device.createBuffer('demo', 40);
    expect(buffer.label).toBe('demo');
    expect(buffer.size).toBe(48);
    device.write(buffer, Float32Array.of(1, -2.5, 3), 8);
    expect([...(await device.read(buffer, 40))]).toEqual([0, 0, 1, -2.5, 3, 0, 0, 0, 0, 0]);
    device.write(buffer, new Float32Array([9, 8, 7]).subarray(1, 2), 0);
    expect([...(await device.read(buffer, 8))]).toEqual([8, 0]);
  });

  it('that no binding could hold are refused with the numbers', () => {
    const limit = Math.min(device.gpu.limits.maxBufferSize, device.gpu.limits.maxStorageBufferBindingSize);
    const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    expect(() => device.createBuffer('conv1_1', limit + 16)).toThrow(
      new OutOfMemoryError(
        `conv1_1: ${mib(limit + 16)} MiB exceed what one binding of this adapter may hold (${mib(limit)} MiB); choose a smaller size`,
      ),
    );
    device.check();
  });

  it('too large for one binding in a program: the scopes are gone and the device goes on', async () => {
    const store = new TensorStore(device);
    const x = store.pin(tensor('x', [4], { lifetime: 'pinned' }), [1, 2, 3, 4]);
    const huge = tensor('huge', [1, 4, 32768, 32768]);
    const list = [
      dispatch(reluForwardKernel, {}, 'huge', { x, y: huge }, { count: 1, stride: 64 }, [1, 1, 1]),
    ];
    await expect(Program.compile(store, list)).rejects.toThrow(OutOfMemoryError);
    await expect(device.gpu.popErrorScope()).rejects.toThrow();
    expect([...(await store.read(x))]).toEqual([1, 2, 3, 4]);
    store.destroy();
  });
});

it('allocating hands on what is made and what is thrown, and leaves no scope behind', async () => {
  expect(await device.allocating('a number', () => 7)).toBe(7);
  await expect(
    device.allocating('nothing', () => {
      throw new KernelError('no');
    }),
  ).rejects.toThrow(new KernelError('no'));
  await expect(device.gpu.popErrorScope()).rejects.toThrow();
});

describe('pipelines', () => {
  it('are told of as they are compiled, each once', async () => {
    const told: string[] = [];
    const own = await Device.open(platform, {
      onCompile: ({ done, total, kernel }) => told.push(`${done}/${total} ${kernel ?? 'ready'}`),
    });
    const uses = [reluForwardKernel, fillKernel, reluForwardKernel].map((kernel) => ({
      kernel,
      variant: {},
    }));
    const [first, , third] = await own.pipelinesOf(uses);
    expect(first).toBe(third);
    await own.pipelinesOf(uses);
    expect(told).toEqual(['0/2 relu_forward', '1/2 fill', '2/2 ready']);
    own.destroy();
  });
});

describe('stores', () => {
  it('hold pinned tensors in their layout and count their bytes', async () => {
    const store = new TensorStore(device);
    const image = store.pin(
      tensor('image', [1, 3, 2, 2], { lifetime: 'pinned' }),
      Array.from({ length: 12 }, (_, i) => i),
    );
    expect(store.bytes).toBe(4 * 4 * 16);
    expect([...(await store.read(image))]).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(store.buffer(image).label).toBe('image');
    expect(() => store.pin(image)).toThrow(new KernelError('image is in the store already'));
    expect(() => store.pin(tensor('t', [1]))).toThrow(
      new KernelError('t: only pinned tensors live in a store'),
    );
    store.release(image);
    expect(store.bytes).toBe(0);
    expect(() => store.buffer(image)).toThrow(new KernelError('image is not in the store'));
  });
});

describe('what goes wrong is thrown by the next call', () => {
  it('a lost device', async () => {
    const buffer = device.createBuffer('demo', 16);
    device.gpu.destroy();
    await device.gpu.lost;
    for (const call of [
      () => device.createBuffer('late', 16),
      () => device.write(buffer, Float32Array.of(1)),
      () => device.check(),
    ]) {
      expect(call).toThrow(DeviceLostError);
    }
    for (const call of [
      () => device.sync(),
      () => device.read(buffer, 16),
      () => device.pipeline(reluForwardKernel, {}),
    ]) {
      await expect(call()).rejects.toThrow(/^the GPU device \(.+\) was lost: /);
    }
  });

  it('a loss in the middle of a wait', async () => {
    const buffer = device.createBuffer('demo', 16);
    const reading = device.read(buffer, 16);
    device.gpu.destroy();
    await expect(reading).rejects.toThrow(DeviceLostError);
  });

  it('a validation error', async () => {
    device.gpu.createBuffer({
      label: 'odd',
      size: 16,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE,
    });
    await expect(device.sync()).rejects.toThrow(KernelError);
    expect(() => device.createBuffer('next', 16)).toThrow(/^WebGPU reported: .*MapRead/s);
    expect(() => device.submit(device.gpu.createCommandEncoder().finish())).toThrow(KernelError);
  });

  it('its own owner’s destroy', async () => {
    device.destroy();
    expect(() => device.check()).toThrow(new DeviceLostError('the device was destroyed by its owner'));
  });
});

it('allocating hands on what is made and what is thrown, and leaves no scope behind', async () => {
  expect(await device.allocating('a number', () => 7)).toBe(7);
  await expect(
    device.allocating('nothing', () => {
      throw new KernelError('no');
    }),
  ).rejects.toThrow(new KernelError('no'));
  await expect(device.gpu.popErrorScope()).rejects.toThrow();
});

describe('pipelines', () => {
  const kernel = (shader: string): KernelSpec => ({
    name: 'demo',
    bindings: () => ({ y: 'read_write' }),
    params: { count: 'u32' },
    shader: () => shader,
    variants: [{}],
  });
  const y = '@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;';

  it('that do not compile name kernel, line and text', async () => {
    const broken = kernel(`${y}\n@compute @workgroup_size(1)\nfn main() {\n  y[0] = params.missing;\n}`);
    await expect(device.pipeline(broken, {})).rejects.toThrow(
      /^kernel demo\|\{\} does not compile: line \d+: .*missing.*\n {6}y\[0\] = params\.missing;/,
    );
    await expect(device.pipeline(broken, {})).rejects.toThrow(KernelError);
    await device.sync();
  });

  it('whose layout does not fit name the kernel', async () => {
    const reading = {
      ...kernel(`${y}\n@compute @workgroup_size(1) fn main() { y[0] = vec4f(f32(params.count)); }`),
    };
    await expect(
      device.pipeline({ ...reading, bindings: () => ({ y: 'read' as const }) }, {}),
    ).rejects.toThrow(/^kernel demo\|\{\} does not compile: /);
    await device.sync();
  });

  it('are made once for each variant', async () => {
    const first = device.pipeline(reluForwardKernel, {});
    expect(device.pipeline(reluForwardKernel, {})).toBe(first);
    expect((await first).label).toBe('relu_forward|{}');
  });
});
