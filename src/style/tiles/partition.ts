// Which windows a picture is worked on in, and which part of each counts. Pure: no GPU.
import { hash32 } from '../../base/random.js';
import { ceilDiv } from '../../base/shape.js';
import type { Rectangle } from '../../kernels/rect-mask.js';
import { vggMinimumSide, vggPoolings, vggReach } from '../../nets/vgg.js';

/** How one axis of a picture is split; all in pixels. */
export interface Axis {
  /** Of the picture. */
  readonly extent: number;
  /** Of every window, overlaps included; no more than the picture's. */
  readonly window: number;
  /** Of a core between two others. The first and the last may be longer by the overlap that they do not need. */
  readonly core: number;
  readonly overlap: number;
  readonly count: number;
  /** How far the cores can be moved with so many windows. */
  readonly slack: number;
}

/** The windows of a picture. */
export interface Tiling {
  readonly rows: Axis;
  readonly columns: Axis;
  /** What cores begin at multiples of: pixels of the picture to one of the deepest layer. */
  readonly grid: number;
  /** True where every value of a core sees all that it depends on. */
  readonly exact: boolean;
}

/** A stretch of one axis: the window begins at `offset`, and its core is begin..end-1. */
export interface Span {
  readonly offset: number;
  readonly begin: number;
  readonly end: number;
}

/** One window. The cores of all windows are a partition of the picture. */
export interface Window {
  readonly row: Span;
  readonly column: Span;
}

/** Extents of a picture in pixels. */
export interface Extents {
  readonly height: number;
  readonly width: number;
}

/** Pixels around a core that make it exact: the reach of the deepest of `taps`, on its grid. */
export function exactOverlap(net: string, taps: readonly string[]): number {
  const grid = vggMinimumSide(net, taps);
  return grid * ceilDiv(vggReach(net, taps), grid);
}

/**
 * Windows whose cores have about `core` pixels on a side, with `overlap` pixels (rounded up to the grid, and cut to what
 * is exact) on each side of a core that is no edge of the picture. Cores that are not exact are given room to be
 * moved by half their length, so that their seams are nowhere for long.
 */
export function tilingOf(
  { height, width }: Extents,
  net: string,
  taps: readonly string[],
  core: number,
  overlap: number | 'exact',
): Tiling {
  const grid = vggMinimumSide(net, taps);
  const full = exactOverlap(net, taps);
  const around = overlap === 'exact' ? full : Math.min(full, grid * ceilDiv(overlap, grid));
  const exact = around === full;
  const axis = (extent: number) => axisOf(extent, core, around, grid, exact ? 0 : 0.5);
  return { rows: axis(height), columns: axis(width), grid, exact };
}

/** All windows at the same place as the picture: nothing is split. */
export function isWhole({ rows, columns }: Tiling): boolean {
  return rows.count === 1 && columns.count === 1;
}

/**
 * An axis in windows of one extent, congruent to the picture's modulo the grid: the last ends where the picture ends,
 * so that poolings drop the same odd pixels. The window is the least that does with so many windows.
 */
function axisOf(extent: number, core: number, overlap: number, grid: number, room: number): Axis {
  const even = extent - (extent % grid);
  // The windows at the edges need no overlap there, which their cores take.
  const inner = even - 2 * overlap;
  const whole = { extent, window: extent, core: extent, overlap, count: 1, slack: 0 };
  if (inner <= core) return whole;
  const fitted = grid * ceilDiv(inner, grid * (Math.ceil(inner / core + room) - room));
  const window = fitted + 2 * overlap + (extent % grid);
  if (window >= extent) return whole;
  const most = fitted + overlap - grid;
  let count = Math.ceil(inner / fitted + room);
  // One window less where the rounding has made room for it: no core may be empty.
  if (count * fitted - inner > most) count--;
  return { extent, window, core: fitted, overlap, count, slack: Math.min(count * fitted - inner, most) };
}

/** The spans of an axis with its cores moved by `shift` pixels, 0..slack and a multiple of the grid. */
export function spansOf({ extent, window, core, overlap, count }: Axis, shift: number): Span[] {
  const border = (i: number) => {
    if (i === 0) return 0;
    return i === count ? extent : i * core + overlap - shift;
  };
  return Array.from({ length: count }, (_, i) => ({
    offset: Math.max(0, Math.min(border(i) - overlap, extent - window)),
    begin: border(i),
    end: border(i + 1),
  }));
}

/** Every window, row by row, with the cores moved by `shift` on each axis. */
export function windowsOf(tiling: Tiling, shift = { row: 0, column: 0 }): Window[] {
  const columns = spansOf(tiling.columns, shift.column);
  return spansOf(tiling.rows, shift.row).flatMap((row) => columns.map((column) => ({ row, column })));
}

/** Keeps the shifts' random numbers apart from those of the noise. */
const STREAM = 0x7469_6c65;

/** The shift of one step, from the run's seed and the step's number alone, so that a resumed run has the same. */
export function shiftOf({ rows, columns, grid }: Tiling, seed: number, step: number) {
  const of = ({ slack }: Axis, index: number) =>
    grid * (hash32(hash32(seed, STREAM), 2 * step + index) % (Math.floor(slack / grid) + 1));
  return { row: of(rows, 0), column: of(columns, 1) };
}

/** A window as a layer sees it, in pixels of the layer's map. */
export interface LayerView {
  /** Where the window begins in the whole map. */
  readonly top: number;
  readonly left: number;
  /** The core inside the window. */
  readonly core: Rectangle;
}

/** The view of the layer `tap`. */
export function layerView(net: string, tap: string, { row, column }: Window): LayerView {
  const factor = 2 ** vggPoolings(net, tap);
  const inside = (span: Span) => [
    (span.begin - span.offset) / factor,
    // Poolings drop what is left over at the picture's end.
    Math.floor((span.end - span.offset) / factor),
    span.offset / factor,
  ];
  const [top, bottom, offsetTop] = inside(row) as [number, number, number];
  const [left, right, offsetLeft] = inside(column) as [number, number, number];
  return { top: offsetTop, left: offsetLeft, core: { top, left, bottom, right } };
}

/** Extents of a layer's map of a picture. */
export function layerExtents(net: string, tap: string, { height, width }: Extents): Extents {
  const factor = 2 ** vggPoolings(net, tap);
  return { height: Math.floor(height / factor), width: Math.floor(width / factor) };
}
