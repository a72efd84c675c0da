// Style pictures that Facet paints itself, so that a first run needs no painting from elsewhere.
import { InputError } from '../../../src/base/errors.js';
import type { RgbImage } from '../../../src/base/image.js';
import { paintBrushstrokes } from './brushstrokes.js';
import type { PaintOptions } from './canvas.js';
import { paintStainedGlass } from './stained-glass.js';
import { paintWoodcut } from './woodcut.js';

export type { PaintOptions } from './canvas.js';

const PAINTERS = {
  brushstrokes: paintBrushstrokes,
  'stained-glass': paintStainedGlass,
  woodcut: paintWoodcut,
} as const;

/** A style that `paintStyle` knows. */
export type StyleName = keyof typeof PAINTERS;

/** The styles that paintStyle knows. */
export const STYLE_NAMES = Object.keys(PAINTERS) as StyleName[];

export function isStyleName(name: string): name is StyleName {
  return Object.hasOwn(PAINTERS, name);
}

/**
 * Paints a picture: the same bytes for the same name, size and seed on one engine, and the same composition at
 * any size. InputError for a side that is not an integer from 16 to 4096.
 */
export function paintStyle(name: StyleName, options: PaintOptions): RgbImage {
  const { width, height } = options;
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 16 || side > 4096) {
      throw new InputError(
        `style ${name}: each side must be an integer from 16 to 4096 px, got ${width}x${height}`,
      );
    }
  }
  return PAINTERS[name](options);
}
