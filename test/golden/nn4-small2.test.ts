// nn4.small2 against an independent float64 implementation (golden.json says which formulas it uses).
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { foldNn4Small2, nn4Small2 } from '../../src/nets/nn4-small2.js';
import { PinnedWeights } from '../../src/nets/pinned-weights.js';
import { parseSafetensors, tensorValues } from '../../src/nets/safetensors.js';
import { useDevice } from '../kernels/shared.js';
import { loadGolden, relativeError, sharedFolder, sharedPath } from './shared.js';

const LAYERS = [
  'conv1',
  'lrn1',
  'pool2',
  'inception_3a',
  'inception_3b',
  'inception_3c',
  'inception_5b',
  'avgpool',
  'dense',
];

const gpu = useDevice();

it.skipIf(!sharedFolder)('every layer and the embeddings of three faces', async () => {
  const golden = loadGolden();
  const path = sharedPath('weights', 'openface-nn4-small2.safetensors');
  const { tensors } = parseSafetensors(readFileSync(path), path);
  const loaded = new Map(
    [...tensors].map(([name, t]) => [name, { shape: t.shape, values: tensorValues(t, name) }]),
  );
  const store = new TensorStore(gpu.device);
  const faces = ['anchor', 'positive', 'negative'].map((who) => golden.tensor(`face.${who}_rgb`).values);
  const x = store.pin(tensor('x', [3, 3, 96, 96], { lifetime: 'pinned' }));
  store.write(x, Float32Array.from(faces.flatMap((face) => Array.from(face, (value) => value / 255))));
  const tape = new Tape(gpu.device.target);
  const weights = new PinnedWeights(store, foldNn4Small2(loaded, path), path);
  const layers = nn4Small2(tape, weights, x);
  const program = await Program.compile(store, tape.dispatches, { keep: [...layers.values()] });
  program.run();
  // The independent implementation is itself 9e-7 away from float64 at inception_3b when run in float32; the net
  // is twice as deep behind it.
  for (const name of LAYERS) {
    const expected = golden.tensor(`face.anchor.${name}`).values;
    const actual = (await program.read(layers.get(name)!)).subarray(0, expected.length);
    expect(relativeError(actual, expected), name).toBeLessThan(5e-6);
  }
  const embeddings = await program.read(layers.get('embedding')!);
  const expected = golden.tensor('face.embeddings').values;
  expect(relativeError(embeddings, expected), 'embeddings').toBeLessThan(5e-6);
  program.destroy();
  store.destroy();
});
