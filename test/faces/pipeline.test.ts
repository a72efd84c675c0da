// The whole way from a picture to vectors, on a sample picture of 1920x1537 px with four people that face-api ships.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detectionModels, loadFaceModels } from '../../harness/node/faces/models.js';
import { readPicture } from '../../harness/node/pictures.js';
import { InputError } from '../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';
import { squaredDistance } from '../../src/faces/gallery/distance.js';
import { FacePipeline } from '../../src/faces/pipeline.js';
import { type FoundFace, faceChips, findFaces } from '../../src/faces/read.js';
import { useDevice } from '../kernels/shared.js';

const demo = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);
const held = useDevice();
let pipeline: FacePipeline;
let template: Parameters<typeof faceChips>[3];
let picture: RgbImage;
let faces: readonly FoundFace[];

beforeAll(async () => {
  const models = await loadFaceModels();
  template = models.pipeline.embedder.template;
  pipeline = new FacePipeline(held.device, models.pipeline);
  picture = await readPicture(join(demo, 'sample6.jpg'));
  faces = (await findFaces(pipeline, picture, { policy: 'all', search: 'first' })).faces;
});

afterAll(() => pipeline.destroy());

/** `source` brought to 1 / `factor` of its sides by means over squares. */
function shrunk(source: RgbImage, factor: number): RgbImage {
  const out = rgbImage(Math.floor(source.width / factor), Math.floor(source.height / factor));
  for (let i = 0; i < out.data.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % out.width, Math.floor(i / 3 / out.width)];
    for (let v = 0; v < factor; v++)
      for (let u = 0; u < factor; u++)
        out.data[i]! +=
          source.data[3 * ((y * factor + v) * source.width + x * factor + u) + c]! / factor ** 2;
  }
  return out;
}

async function embeddings(source: RgbImage, found: readonly FoundFace[]): Promise<Float32Array[]> {
  return pipeline.embed(await faceChips(pipeline, source, found, template));
}

describe('the face pipeline', () => {
  it('finds the four faces, with landmarks inside the boxes', () => {
    expect(faces).toHaveLength(4);
    for (const { box, landmarks, quality } of faces) {
      expect(box.x).toBeGreaterThan(0);
      expect(box.x + box.width).toBeLessThan(picture.width);
      expect(landmarks).toHaveLength(68);
      const [x, y] = [30, 30].map((i, axis) => (axis === 0 ? landmarks[i]!.x : landmarks[i]!.y));
      expect(x).toBeGreaterThan(box.x);
      expect(x).toBeLessThan(box.x + box.width);
      expect(y).toBeGreaterThan(box.y);
      expect(y).toBeLessThan(box.y + box.height);
      // The eyes stand above the mouth and apart from each other.
      expect(landmarks[36]!.x).toBeLessThan(landmarks[45]!.x);
      expect(landmarks[57]!.y).toBeGreaterThan(landmarks[27]!.y);
      expect(quality.eyeDistance / box.width).toBeGreaterThan(0.3);
      expect(quality.inside).toBe(1);
    }
    expect(faces.map(({ box }) => box.x)).toEqual(faces.map(({ box }) => box.x).sort((a, b) => a - b));
  });

  it('gives vectors of length 1, nearer for the same face at half the size than for other faces', async () => {
    const small = shrunk(picture, 2);
    const again = (await findFaces(pipeline, small, { policy: 'all', search: 'first' })).faces;
    expect(again).toHaveLength(4);
    const [a, b] = [await embeddings(picture, faces), await embeddings(small, again)];
    for (const [i, vector] of a.entries()) {
      expect(vector.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 5);
      const own = squaredDistance(vector, b[i]!);
      const others = a.filter((_, j) => j !== i).map((other) => squaredDistance(vector, other));
      expect(own).toBeLessThan(Math.min(...others) / 2);
    }
  });

  it('finds the same where pictures of more sizes than it keeps programs for are searched at once', async () => {
    const pictures = Array.from({ length: 15 }, (_, i) => {
      const cut = rgbImage(600 + 8 * i, 500);
      for (let y = 0; y < cut.height; y++) {
        const from = 3 * ((y + 260) * picture.width + 500);
        cut.data.set(picture.data.subarray(from, from + 3 * cut.width), 3 * y * cut.width);
      }
      return cut;
    });
    const at = { inputSize: 128 };
    // Twice each, so that a program is asked for again while it is in use.
    const [first, second] = [
      pictures.map((cut) => pipeline.detect(cut, at)),
      pictures.map((cut) => pipeline.detect(cut, at)),
    ];
    const together = await Promise.all([...first, ...second]);
    const alone = [];
    for (const cut of pictures) alone.push(await pipeline.detect(cut, at));
    expect(alone.every((boxes) => boxes.length > 0)).toBe(true);
    expect(together).toEqual([...alone, ...alone]);
  });

  it('computes the same for one face, a full batch and part of one', async () => {
    const chips = await faceChips(pipeline, picture, faces, template);
    const alone = (await pipeline.embed(chips.slice(0, 1)))[0]!;
    // Programs are compiled for 1, 4 and 16: six take the last, with places left over.
    const six = await pipeline.embed([chips[0]!, ...chips, chips[0]!]);
    const four = await pipeline.embed(chips);
    // A batch is summed in the order of a single face, but by other variants; both err by some units of 2^-24.
    for (const vector of [six[0]!, six[1]!, six[5]!, four[0]!]) {
      expect(squaredDistance(alone, vector)).toBeLessThan(1e-9);
    }
    expect(squaredDistance(four[3]!, six[4]!)).toBeLessThan(1e-9);
  });

  it('samples parts of a picture that fits no binding as it samples the whole', async () => {
    const whole = await faceChips(pipeline, picture, faces, template);
    // A limit below the picture's size takes the way of pictures of many megapixels.
    const parts = new FacePipeline(held.device, detectionModels(), { largestPicture: 2 ** 20 });
    try {
      const found = (await findFaces(parts, picture, { policy: 'all', search: 'first' })).faces;
      expect(found).toHaveLength(4);
      for (const [i, { box }] of found.entries()) {
        expect(Math.abs(box.x - faces[i]!.box.x)).toBeLessThan(1);
        expect(Math.abs(box.height - faces[i]!.box.height)).toBeLessThan(1);
      }
      const chips = await faceChips(parts, picture, faces, template);
      for (const [i, chip] of chips.entries()) {
        const worst = chip.data.reduce((most, v, at) => Math.max(most, Math.abs(v - whole[i]!.data[at]!)), 0);
        // Maps differ by a shift of whole windows: coordinates of some hundreds of pixels, rounded at 2^-24 of them.
        expect(worst).toBeLessThan(1e-3);
      }
    } finally {
      await parts.destroy();
    }
  });

  it('finds nothing where nothing is', async () => {
    const grey = rgbImage(300, 200, new Float32Array(180_000).fill(0.5));
    expect(await findFaces(pipeline, grey, { policy: 'all' })).toEqual({
      faces: [],
      detected: 0,
      comparable: 0,
    });
  });

  it('refuses what cannot be', async () => {
    await expect(pipeline.detect(picture, { inputSize: 100 })).rejects.toThrow(
      /input size must be a multiple of 32 up to 4096, got 100/,
    );
    await expect(pipeline.detect(picture, { minScore: 2 })).rejects.toThrow(/0\.\.1, got 2/);
    await expect(pipeline.embed([rgbImage(96, 96)])).rejects.toThrow(/takes chips of 150x150, got 96x96/);
    const detector = new FacePipeline(held.device, detectionModels());
    await expect(detector.embed([rgbImage(150, 150)])).rejects.toThrow(InputError);
    await detector.destroy();
  });
});
