// Zero pixels around a picture, as many on every side or other numbers on each.
import { ShapeError } from './errors.js';

/** Pixels by side. */
export interface Sides {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** As many pixels on all sides, or by side. */
export type Padding = number | Sides;

/** Padding by side; ShapeError, naming `where`, for what is no count of pixels. */
export function sidesOf(where: string, pad: Padding): Sides {
  const sides = typeof pad === 'number' ? { top: pad, bottom: pad, left: pad, right: pad } : pad;
  for (const side of ['top', 'bottom', 'left', 'right'] as const) {
    if (!Number.isInteger(sides[side]) || sides[side] < 0) {
      const name = typeof pad === 'number' ? 'pad' : `pad.${side}`;
      throw new ShapeError(`${where}: ${name} must be an integer of at least 0, got ${sides[side]}`);
    }
  }
  return sides;
}

/**
 * The padding that TensorFlow calls "same": ceil(extent / stride) outputs for extents [height, width] and a filter of
 * [rows, columns]; where the number of pixels to add is odd, the last one goes behind (bottom, right).
 */
export function samePadding(
  extents: readonly [number, number],
  filter: readonly [number, number],
  stride: number,
): Sides {
  const along = (axis: 0 | 1) => {
    const outputs = Math.ceil(extents[axis] / stride);
    return Math.max(0, (outputs - 1) * stride + filter[axis] - extents[axis]);
  };
  const [rows, columns] = [along(0), along(1)];
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  return { top, bottom: rows - top, left, right: columns - left };
}
