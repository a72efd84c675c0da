// People that nobody has seen: simple faces drawn by code, each person with colours and features of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { hash32, uniform } from '../../src/base/random.js';

const SIDE = 96;

/** Writes `people` folders of `pictures` aligned faces each into `folder`, the same for the same seed. */
export async function drawPeople(folder: string, people: number, pictures: number, seed = 1): Promise<void> {
  for (let person = 0; person < people; person++) {
    const own = join(folder, `Person ${String(person + 1).padStart(2, '0')}`);
    mkdirSync(own, { recursive: true });
    for (let i = 0; i < pictures; i++) {
      const raw = drawFace(hash32(seed, person), hash32(hash32(seed, person), i + 1));
      await sharp(raw, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toFile(join(own, `${i + 1}.png`));
    }
  }
}

/** A face of the person `who` on an occasion `when`: light, place and noise differ. */
function drawFace(who: number, when: number): Uint8Array {
  const u = (k: number) => uniform(who, k);
  const v = (k: number) => uniform(when, k);
  const light = 0.8 + 0.4 * v(0);
  const [dx, dy] = [4 * v(1) - 2, 4 * v(2) - 2];
  const colour = (k: number) => [u(k), u(k + 1), u(k + 2)];
  const [skin, hair, ground, iris] = [colour(10), colour(20), colour(30), colour(40)];
  const [width, hairline, eyes, mouth] = [26 + 14 * u(0), 10 + 20 * u(1), 3 + 5 * u(2), 6 + 14 * u(3)];
  const pixels = new Uint8Array(3 * SIDE * SIDE);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const [px, py] = [x - 48 - dx, y - 40 - dy];
      const inFace = (px / width) ** 2 + (py / 44) ** 2 < 1;
      const eye = Math.min(Math.hypot(px - 24, py + 20), Math.hypot(px + 24, py + 20));
      const inMouth = Math.abs(px) < mouth && Math.abs(py - 28) < 3;
      let value = inFace ? skin : ground;
      if (inFace && y < hairline) value = hair;
      if (eye < eyes) value = iris;
      if (inMouth) value = hair;
      for (let c = 0; c < 3; c++) {
        const noise = 0.08 * (uniform(when, 100 + 3 * (y * SIDE + x) + c) - 0.5);
        pixels[3 * (y * SIDE + x) + c] = Math.round(
          255 * Math.min(1, Math.max(0, light * value![c]! + noise)),
        );
      }
    }
  return pixels;
}
