// Pictures that are too large for one binding: only what a sample sees goes to the GPU, averaged down on the way.
import { type RgbImage, rgbImage } from '../base/image.js';
import { type Affine, applyAffine } from './affine.js';
import { onAveraged } from './sampling.js';

/** A piece of a picture, and a sample's map onto it. */
export interface PicturePart {
  readonly picture: RgbImage;
  readonly map: Affine;
}

/** Sides of a piece are multiples of this, so that pieces of about one size share a program. */
const STEP = 64;

/**
 * What a sample of `side` x `side` pixels sees of `picture` through `map` (sample to picture), as means over windows of
 * `window` x `window` pixels. A piece may reach beyond the picture, where it is black; a window that hangs over the edge
 * is the mean of its pixels within.
 */
export function partOf(picture: RgbImage, map: Affine, side: number, window: number): PicturePart {
  const onWindows = onAveraged(map, window);
  const corners = [-0.5, side - 0.5].flatMap((x) => [-0.5, side - 0.5].map((y) => ({ x, y })));
  const seen = corners.map((corner) => applyAffine(onWindows, corner));
  const most = [Math.ceil(picture.width / window), Math.ceil(picture.height / window)] as const;
  // One pixel more on each side: bilinear sampling reads the next one.
  const [left, width] = extent(
    seen.map(({ x }) => x),
    most[0],
  );
  const [top, height] = extent(
    seen.map(({ y }) => y),
    most[1],
  );
  const [a, b, c, d, e, f] = onWindows;
  return {
    picture: averaged(picture, window, { left, top, width, height }),
    map: [a, b, c - left, d, e, f - top],
  };
}

/** Where a piece begins and how long it is, out of what is seen along one axis of `length` windows. */
function extent(seen: readonly number[], length: number): [first: number, count: number] {
  const first = Math.min(length - 1, Math.max(0, Math.floor(Math.min(...seen)) - 1));
  const last = Math.max(first, Math.min(length - 1, Math.ceil(Math.max(...seen)) + 1));
  return [first, STEP * Math.ceil((last - first + 1) / STEP)];
}

interface Windows {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function averaged(source: RgbImage, window: number, { left, top, width, height }: Windows): RgbImage {
  const out = rgbImage(width, height);
  for (let y = 0; y < height; y++) {
    const y0 = (top + y) * window;
    const y1 = Math.min(source.height, y0 + window);
    for (let x = 0; x < width; x++) {
      const x0 = (left + x) * window;
      const x1 = Math.min(source.width, x0 + window);
      const share = 1 / ((x1 - x0) * (y1 - y0));
      if (!(x1 > x0 && y1 > y0)) continue;
      let [r, g, b] = [0, 0, 0];
      for (let v = y0; v < y1; v++) {
        for (let at = 3 * (v * source.width + x0), u = x0; u < x1; u++, at += 3) {
          r += source.data[at]!;
          g += source.data[at + 1]!;
          b += source.data[at + 2]!;
        }
      }
      const to = 3 * (y * width + x);
      out.data[to] = r * share;
      out.data[to + 1] = g * share;
      out.data[to + 2] = b * share;
    }
  }
  return out;
}
