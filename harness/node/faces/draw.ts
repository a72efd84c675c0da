// Boxes, names and landmarks of faces on their picture.
import sharp from 'sharp';
import { InputError } from '../../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../../src/base/image.js';
import { type Box, clipBox } from '../../../src/faces/boxes.js';
import type { Point } from '../../../src/faces/landmarks.js';
import { label, labelWidth } from '../glyphs.js';

export interface DrawnFace {
  readonly box: Box;
  /** Name, distance ... on one line; no tag without it. */
  readonly label?: string;
  /** `unknown` is drawn grey and dashed; else faces take colours in turn. */
  readonly kind?: 'known' | 'unknown';
  /** In pixel centres, as everywhere. */
  readonly landmarks?: readonly Point[];
}

/** Bright enough on dark pictures, dark enough on bright ones; told apart by the colour-blind (Okabe and Ito, 2008). */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const UNKNOWN = '#6b6b6b';

/**
 * A copy of the picture with its faces marked; the picture's own pixels and its alpha stay as they are elsewhere. Boxes may
 * reach beyond the picture and are drawn as far as they lie in it; tags are kept inside. InputError for a box that is not
 * finite.
 */
export async function drawFaces(image: RgbImage, faces: readonly DrawnFace[]): Promise<RgbImage> {
  const { width, height } = image;
  const marks = faces.map((face, i) => {
    const { x, y, width: w, height: h } = face.box;
    if (![x, y, w, h].every(Number.isFinite)) {
      throw new InputError(`draw: the box of face ${i + 1} must be finite, got ${x}, ${y}, ${w} x ${h}`);
    }
    const color = face.kind === 'unknown' ? UNKNOWN : COLORS[i % COLORS.length]!;
    return { face, color };
  });
  // All boxes first, so that no box crosses a tag.
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${[
    ...marks.map(({ face, color }) => boxMark(face, color, image)),
    ...marks.map(({ face, color }) => tagMark(face, color, image)),
  ].join('')}</svg>`;
  const overlay = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer();
  return blended(image, overlay);
}

/** Thickness of a box's line: visible on a large picture, thin on a small face. */
function stroke(box: Box, { width, height }: RgbImage): number {
  return Math.max(1.5, Math.min(Math.min(width, height) / 240, Math.min(box.width, box.height) / 24));
}

function boxMark({ box, kind, landmarks = [] }: DrawnFace, color: string, image: RgbImage): string {
  const line = stroke(box, image);
  const { x, y, width, height } = clipBox(box, image.width, image.height);
  if (width === 0 || height === 0) return '';
  const inset = 0.9 * line;
  const size = [Math.max(0, width - 2 * inset), Math.max(0, height - 2 * inset)].map(round);
  const place = `x="${round(x + inset)}" y="${round(y + inset)}" width="${size[0]}" height="${size[1]}" rx="${round(1.5 * line)}"`;
  const dash = kind === 'unknown' ? ` stroke-dasharray="${round(4 * line)} ${round(2.5 * line)}"` : '';
  const dots = landmarks.map(
    (point) =>
      `<circle cx="${round(point.x + 0.5)}" cy="${round(point.y + 0.5)}" r="${round(0.75 * line)}" fill="#ffffff" stroke="${color}" stroke-width="${round(0.4 * line)}"/>`,
  );
  // A light line under the coloured one parts it from pictures of its own colour.
  return (
    `<g fill="none"><rect ${place} stroke="#ffffff" stroke-opacity="0.55" stroke-width="${round(1.8 * line)}"/>` +
    `<rect ${place} stroke="${color}" stroke-width="${round(line)}"${dash}/></g>${dots.join('')}`
  );
}

function tagMark({ box, label: text }: DrawnFace, color: string, image: RgbImage): string {
  if (!text) return '';
  const visible = clipBox(box, image.width, image.height);
  if (visible.width === 0 || visible.height === 0) return '';
  const least = Math.min(9, image.height / 8);
  const size = Math.max(least, Math.min(Math.min(image.width, image.height) / 60, box.width / 11));
  const pad = 0.6 * size;
  const most = Math.min(image.width, Math.max(1.6 * box.width, 26 * size)) - 2 * pad;
  const width = Math.min(labelWidth(text, size), most) + 2 * pad;
  const height = 2.2 * size;
  const x = Math.min(image.width - width, Math.max(0, visible.x));
  // Above the box; inside at its top where there is no room.
  const y = Math.max(0, visible.y - height >= 0 ? visible.y - height : visible.y);
  const words = label(text, {
    x: x + pad,
    y: y + 1.5 * size,
    size,
    color: '#ffffff',
    weight: 0.15,
    maxWidth: most,
  });
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${round(0.35 * size)}" fill="${color}"/>${words}`;
}

/** RGBA bytes over a picture, in floating point: pixels without a mark keep every bit. */
function blended({ width, height, data, alpha }: RgbImage, overlay: Buffer): RgbImage {
  const out = Float32Array.from(data);
  const cover = alpha && Float32Array.from(alpha);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const share = overlay[4 * pixel + 3]! / 255;
    if (share === 0) continue;
    const under = (cover ? cover[pixel]! : 1) * (1 - share);
    for (let c = 0; c < 3; c++) {
      const mark = overlay[4 * pixel + c]! / 255;
      out[3 * pixel + c] = (share * mark + under * out[3 * pixel + c]!) / (share + under);
    }
    if (cover) cover[pixel] = share + under;
  }
  return rgbImage(width, height, out, cover);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
