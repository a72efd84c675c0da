import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../src/base/errors.js';
import { normal, uniform } from '../../src/base/random.js';
import { sizeOf } from '../../src/base/shape.js';
import { tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import type { WeightTensor } from '../../src/nets/manifest.js';
import { foldNn4Small2, nn4Small2, nn4Small2Pairs } from '../../src/nets/nn4-small2.js';
import { PinnedWeights } from '../../src/nets/pinned-weights.js';
import { parseSafetensors, tensorValues, writeSafetensors } from '../../src/nets/safetensors.js';
import {
  beginNn4Small2,
  exportNn4Small2,
  importNn4Small2,
  NN4_TRAIN_FROM,
  nn4Small2Specs,
  nn4Small2Training,
} from '../../src/training/nn4-small2.js';
import { TrainableWeights } from '../../src/training/weights.js';
import { useDevice } from '../kernels/shared.js';

const gpu = useDevice();

/** A file's tensors, each as large as a trained net's might be. */
function drawnFile(): Map<string, WeightTensor> {
  const file = new Map<string, WeightTensor>();
  const put = (name: string, shape: readonly number[], value: (i: number) => number) =>
    file.set(name, { shape, values: Float32Array.from({ length: sizeOf(shape) }, (_, i) => value(i)) });
  for (const [at, { conv, norm, shape }] of nn4Small2Pairs().entries()) {
    const K = shape[0]!;
    const scale = Math.sqrt(2 / sizeOf(shape.slice(1)));
    put(`${conv}.weight`, shape, (i) => scale * normal(at, i));
    put(`${conv}.bias`, [K], (i) => 0.1 * normal(1000 + at, i));
    put(`${norm}.weight`, [K], (i) => 0.5 + uniform(2000 + at, i));
    put(`${norm}.bias`, [K], (i) => 0.2 * normal(3000 + at, i));
    put(`${norm}.running_mean`, [K], (i) => 0.2 * normal(4000 + at, i));
    put(`${norm}.running_var`, [K], (i) => 0.5 + uniform(5000 + at, i));
  }
  put('dense.weight', [128, 736], (i) => 0.05 * normal(6000, i));
  put('dense.bias', [128], (i) => 0.05 * normal(6001, i));
  return file;
}

const file = drawnFile();

const faces = Float32Array.from({ length: 2 * 3 * 96 * 96 }, (_, i) => uniform(42, i));

async function embeddingOf(
  store: TensorStore,
  record: (tape: Tape, x: ReturnType<typeof tensor>) => ReturnType<typeof tensor>,
): Promise<Float32Array> {
  const tape = new Tape(store.device.target);
  const x = store.pin(tensor('x', [2, 3, 96, 96], { lifetime: 'pinned' }), faces);
  const y = record(tape, x);
  const program = await Program.compile(store, tape.dispatches, { keep: [y] });
  program.run();
  const values = await program.read(y);
  program.destroy();
  return values;
}

describe('nn4.small2 in training', { timeout: 240_000 }, () => {
  it.each(['4e', 'dense'])('trained from %s, it computes what the inference net computes', async (from) => {
    const store = new TensorStore(gpu.device);
    const weights = new TrainableWeights(store, nn4Small2Specs(from), 1);
    weights.write(store, importNn4Small2(file, 'a file', from), { complete: true });
    const actual = await embeddingOf(
      store,
      (tape, x) => nn4Small2Training(tape, weights, x, from).get('embedding')!,
    );
    const pinned = new PinnedWeights(store, foldNn4Small2(file, 'a file'), 'a file');
    const expected = await embeddingOf(store, (tape, x) => nn4Small2(tape, pinned, x).get('embedding')!);
    // Thirty layers, each within some 1e-6 of its largest value; embeddings have length 1.
    for (const [i, value] of actual.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(3e-5);
    store.destroy();
  });

  it('normalises a batch by itself, and the running averages follow it by a tenth', async () => {
    const store = new TensorStore(gpu.device);
    const weights = new TrainableWeights(store, nn4Small2Specs(), 7);
    beginNn4Small2(store, weights);
    const values = await embeddingOf(
      store,
      (tape, x) => nn4Small2Training(tape, weights, x).get('embedding')!,
    );
    for (const row of [0, 1]) {
      const length = values.subarray(128 * row, 128 * (row + 1)).reduce((sum, v) => sum + v * v, 0);
      expect(length).toBeCloseTo(1, 5);
    }
    // The first convolution sees the faces alone: its statistics can be told by hand.
    const weight = await store.read(weights.get('conv1.weight'));
    const running = await store.read(weights.get('bn1.running'));
    const sums = [0, 0];
    const pixels = 2 * 48 * 48;
    for (let n = 0; n < 2; n++)
      for (let p = 0; p < 48; p++)
        for (let q = 0; q < 48; q++) {
          let y = 0;
          for (let c = 0; c < 3; c++)
            for (let r = 0; r < 7; r++)
              for (let s = 0; s < 7; s++) {
                const [h, w] = [2 * p + r - 3, 2 * q + s - 3];
                if (h < 0 || w < 0 || h >= 96 || w >= 96) continue;
                y += weight[(c * 7 + r) * 7 + s]! * faces[((n * 3 + c) * 96 + h) * 96 + w]!;
              }
          sums[0]! += y / pixels;
          sums[1]! += (y * y) / pixels;
        }
    const unbiased = ((sums[1]! - sums[0]! ** 2) * pixels) / (pixels - 1);
    expect(running[0]).toBeCloseTo(0.1 * sums[0]!, 5);
    expect(running[64]).toBeCloseTo(0.9 + 0.1 * unbiased, 5);
    store.destroy();
  });
});

describe('files of nn4.small2', () => {
  it('what is exported is what the inference net reads, and comes back', () => {
    const values = importNn4Small2(file, 'a file');
    const bytes = writeSafetensors(exportNn4Small2(values, 'F16'));
    expect(bytes.byteLength).toBeLessThan(8e6);
    const read = new Map(
      [...parseSafetensors(bytes, 'a file').tensors].map(([name, stored]) => [
        name,
        { shape: stored.shape, values: tensorValues(stored) },
      ]),
    );
    expect([...read.keys()].sort()).toEqual([...file.keys()].sort());
    const again = importNn4Small2(read, 'a file');
    for (const [name, { values: expected }] of values) {
      const actual = again.get(name)!.values;
      // Kernels are rounded to 11 bits; the rest is exact.
      const relative = name.endsWith('.weight') && !/bn/.test(name) ? 2 ** -11 : 0;
      const misses = expected.findIndex(
        (value, i) => Math.abs(actual[i]! - value) > relative * Math.abs(value) + 2 ** -25,
      );
      expect(misses, name).toBe(-1);
    }
  });
  it('what was frozen leaves as it came', () => {
    const trained = importNn4Small2(file, 'a file', '5b');
    const out = exportNn4Small2(trained, 'F32', file, '5b');
    for (const name of ['conv1.bias', 'bn1.running_var', 'inception_5a_3x3_conv1.weight'])
      expect(out.get(name)!.values).toEqual(file.get(name)!.values);
    expect(out.get('inception_5b_3x3_conv1.bias')!.values.every((value) => value === 0)).toBe(true);
  });
  it('says what is missing', () => {
    const lacking = new Map(file);
    lacking.delete('bn2.running_var');
    expect(() => importNn4Small2(lacking, 'a.safetensors')).toThrow(
      /a.safetensors: tensor bn2.running_var of nn4.small2 is missing/,
    );
    expect(() => nn4Small2Specs('6a')).toThrow(WeightsError);
    expect(NN4_TRAIN_FROM).toEqual(['start', '3a', '3b', '3c', '4a', '4e', '5a', '5b', 'dense']);
  });
});
