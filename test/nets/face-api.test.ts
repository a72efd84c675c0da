// The three nets whose weights face-api ships, against what that package computes itself (face-api.facts.json and the
// script that made it, in test/fixtures).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { landmarks68 } from '../../src/nets/landmarks68.js';
import type { WeightTensor } from '../../src/nets/manifest.js';
import { PinnedWeights } from '../../src/nets/pinned-weights.js';
import { parseQuantizedManifest, readQuantizedWeights } from '../../src/nets/quantized-weights.js';
import { foldScales, resnet34 } from '../../src/nets/resnet34.js';
import { decodeFaceBoxes, tinyFaceDetector } from '../../src/nets/tiny-face-detector.js';
import { useDevice } from '../kernels/shared.js';

interface Region {
  left: number;
  top: number;
  width: number;
  height: number;
}
interface Facts {
  samples: {
    file: string;
    detector: string;
    boxes: { score: number; x: number; y: number; width: number; height: number }[];
    faces: { region: Region; landmarks: string; descriptor: string }[];
  }[];
}
const facts = JSON.parse(
  readFileSync(new URL('../fixtures/face-api.facts.json', import.meta.url), 'utf8'),
) as Facts;
const folder = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));

function load(name: string): Map<string, WeightTensor> {
  const path = join(folder, 'model', `${name}_model-weights_manifest.json`);
  const manifest = parseQuantizedManifest(readFileSync(path, 'utf8'), path);
  return readQuantizedWeights(manifest, (file) => readFileSync(join(folder, 'model', file)), path);
}

const floats = (text: string) => {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};

/** The pixels that the fixture's script fed, as planes. */
async function planes(file: string, region: Region | undefined, side: number): Promise<Float32Array> {
  let picture = sharp(join(folder, 'demo', file))
    .removeAlpha()
    .toColourspace('srgb');
  if (region) picture = picture.extract(region);
  const pixels = await picture.resize(side, side, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
  return Float32Array.from(
    { length: 3 * side * side },
    (_, i) => pixels[3 * (i % (side * side)) + Math.floor(i / (side * side))]! / 255,
  );
}

const gpu = useDevice();

/** Runs a net on several pictures at once. */
async function run(
  net: (tape: Tape, weights: PinnedWeights, x: Tensor) => Tensor,
  loaded: Map<string, WeightTensor>,
  pictures: readonly Float32Array[],
  side: number,
): Promise<Float32Array[]> {
  const store = new TensorStore(gpu.device);
  try {
    const x = store.pin(tensor('x', [pictures.length, 3, side, side], { lifetime: 'pinned' }));
    store.write(x, Float32Array.from(pictures.flatMap((p) => [...p])));
    const tape = new Tape(gpu.device.target);
    const y = net(tape, new PinnedWeights(store, loaded, 'face-api'), x);
    const program = await Program.compile(store, tape.dispatches, { keep: [y] });
    program.run();
    const all = await program.read(y);
    program.destroy();
    const each = all.length / pictures.length;
    return pictures.map((_, i) => all.slice(i * each, (i + 1) * each));
  } finally {
    store.destroy();
  }
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

// Both compute in float32 from the same weights and pixels, in other orders: what differs is rounding, a few units in
// the last place of each of some ten layers, of values of the order given beside each test.
describe('the nets of face-api', () => {
  const faces = facts.samples.flatMap(({ file, faces }) => faces.map((face) => ({ file, ...face })));

  it('detector: logits (of order 10) and boxes', async () => {
    const pictures = await Promise.all(facts.samples.map(({ file }) => planes(file, undefined, 416)));
    const outputs = await run(tinyFaceDetector, load('tiny_face_detector'), pictures, 416);
    for (const [i, { detector, boxes }] of facts.samples.entries()) {
      // Theirs is [13,13,25], ours [25,13,13].
      const theirs = floats(detector);
      const ours = Float32Array.from(theirs, (_, at) => outputs[i]![(at % 25) * 169 + Math.floor(at / 25)]!);
      expect(worst(ours, theirs)).toBeLessThan(1e-3);
      const found = decodeFaceBoxes(outputs[i]!, 13, 0.5);
      for (const box of boxes) {
        const near = found.map((b) =>
          worst([b.x, b.y, b.width, b.height, b.score], [box.x, box.y, box.width, box.height, box.score]),
        );
        expect(Math.min(...near)).toBeLessThan(1e-4);
      }
    }
  });

  it('landmarks: shares of the side', async () => {
    const crops = await Promise.all(faces.map(({ file, region }) => planes(file, region, 112)));
    const outputs = await run(landmarks68, load('face_landmark_68'), crops, 112);
    for (const [i, face] of faces.entries())
      expect(worst(outputs[i]!, floats(face.landmarks))).toBeLessThan(2e-5);
  });

  it('resnet34: descriptors (of order 0.1)', async () => {
    const chips = await Promise.all(faces.map(({ file, region }) => planes(file, region, 150)));
    const outputs = await run(resnet34, foldScales(load('face_recognition'), 'face-api'), chips, 150);
    for (const [i, face] of faces.entries())
      expect(worst(outputs[i]!, floats(face.descriptor))).toBeLessThan(2e-5);
  });
});
