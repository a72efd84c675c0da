// Rectangles of maps that lie whole in the CPU's memory.
import type { Extents, LayerView } from './partition.js';

/**
 * The window's part of planar values [C,H,W], zero outside the core: what lies outside counts in another window.
 * `inner` has the extents of the window's map.
 */
export function cutCore(values: Float32Array, whole: Extents, view: LayerView, inner: Extents): Float32Array {
  const channels = values.length / (whole.height * whole.width);
  const out = new Float32Array(channels * inner.height * inner.width);
  forEachRow(channels, whole, view, inner, (at, inWindow, length) => {
    out.set(values.subarray(at, at + length), inWindow);
  });
  return out;
}

/** Copies the core of a window's planar values to its place in `values`: the reverse of `cutCore`. */
export function pasteCore(
  values: Float32Array,
  whole: Extents,
  view: LayerView,
  inner: Extents,
  part: Float32Array,
): void {
  const channels = values.length / (whole.height * whole.width);
  forEachRow(channels, whole, view, inner, (at, inWindow, length) => {
    values.set(part.subarray(inWindow, inWindow + length), at);
  });
}

function forEachRow(
  channels: number,
  whole: Extents,
  { top, left, core }: LayerView,
  inner: Extents,
  visit: (at: number, inWindow: number, length: number) => void,
): void {
  const length = core.right - core.left;
  for (let c = 0; c < channels; c++)
    for (let row = core.top; row < core.bottom; row++) {
      const at = (c * whole.height + top + row) * whole.width + left + core.left;
      visit(at, (c * inner.height + row) * inner.width + core.left, length);
    }
}
