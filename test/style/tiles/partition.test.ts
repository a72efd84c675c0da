// Windows and their cores, as properties over random sizes, overlaps and shifts. Needs no GPU.
import { describe, expect, it } from 'vitest';
import { uniform } from '../../../src/base/random.js';
import { cutCore, pasteCore } from '../../../src/style/tiles/cut.js';
import {
  type Axis,
  exactOverlap,
  isWhole,
  layerExtents,
  layerView,
  type Span,
  shiftOf,
  spansOf,
  tilingOf,
  windowsOf,
} from '../../../src/style/tiles/partition.js';

const NET = 'vgg19-slim';
const TAPS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_2', 'relu5_1'];

/** Random tilings of random pictures, each with a random shift. */
function* cases(count: number) {
  for (let i = 0; i < count; i++) {
    const pick = (index: number, low: number, high: number) =>
      low + Math.floor(uniform(i, index) * (high - low + 1));
    const size = { height: pick(0, 16, 700), width: pick(1, 16, 700) };
    const taps = TAPS.slice(0, pick(2, 1, TAPS.length));
    const overlap = pick(3, 0, 1) ? ('exact' as const) : pick(4, 0, 100);
    const tiling = tilingOf(size, NET, taps, pick(5, 1, 300), overlap);
    yield { i, size, taps, tiling, shift: shiftOf(tiling, i, pick(6, 1, 1000)) };
  }
}

describe('the reach of a layer', () => {
  it('is what its convolutions add up to, on its grid', () => {
    expect(exactOverlap('vgg19', ['relu1_1'])).toBe(1);
    // 1 + 1 + 2
    expect(exactOverlap('vgg19', ['relu2_1'])).toBe(4);
    // 2·1 + 2·2 + 4·4 + 4·8 + 16 = 70, in steps of 16.
    expect(exactOverlap('vgg19', ['relu1_1', 'relu5_1'])).toBe(80);
    expect(exactOverlap('vgg16', ['relu5_1'])).toBe(64);
  });
});

describe('windows', () => {
  it('cover the picture with cores that do not overlap, at every layer', () => {
    for (const { i, size, taps, tiling, shift } of cases(120)) {
      for (const tap of taps) {
        const map = layerExtents(NET, tap, size);
        const seen = new Uint8Array(map.height * map.width);
        for (const window of windowsOf(tiling, shift)) {
          const { top, left, core } = layerView(NET, tap, window);
          for (let h = core.top; h < core.bottom; h++)
            for (let w = core.left; w < core.right; w++) seen[(top + h) * map.width + left + w]! += 1;
        }
        expect(
          seen.every((count) => count === 1),
          `case ${i} at ${tap}`,
        ).toBe(true);
      }
    }
  });

  it('lie in the picture, and keep the overlap but at its edges', () => {
    const broken = ({ extent, window, overlap, count }: Axis, spans: readonly Span[], grid: number) =>
      spans.length !== count ||
      window % grid !== extent % grid ||
      spans.some(({ offset, begin, end }) => {
        const inside = offset >= 0 && offset + window <= extent && begin < end;
        const before = offset === 0 || begin - offset >= overlap;
        const behind = offset + window === extent || offset + window - end >= overlap;
        return !inside || !before || !behind || !Number.isInteger(offset / grid);
      });
    const failed = [...cases(2000)].flatMap(({ i, tiling, shift }) =>
      (['rows', 'columns'] as const)
        .filter((axis) => {
          const spans = spansOf(tiling[axis], axis === 'rows' ? shift.row : shift.column);
          return broken(tiling[axis], spans, tiling.grid);
        })
        .map((axis) => `${axis} of case ${i}`),
    );
    expect(failed).toEqual([]);
  });

  it('move from step to step, and the same way again', () => {
    const tiling = tilingOf({ height: 500, width: 700 }, NET, TAPS, 128, 16);
    const shifts = Array.from({ length: 40 }, (_, step) => shiftOf(tiling, 7, step));
    expect(shifts).toEqual(Array.from({ length: 40 }, (_, step) => shiftOf(tiling, 7, step)));
    // Room for half a core: the seams are at several places on both axes.
    expect(tiling.rows.slack).toBeGreaterThanOrEqual(tiling.rows.core / 2);
    expect(new Set(shifts.map(({ row }) => row)).size).toBeGreaterThan(3);
    expect(new Set(shifts.map(({ column }) => column)).size).toBeGreaterThan(3);
    expect(shifts.some(({ row, column }) => row !== column)).toBe(true);
  });

  it('are one where the picture is small', () => {
    const tiling = tilingOf({ height: 100, width: 90 }, NET, TAPS, 64, 'exact');
    expect(isWhole(tiling)).toBe(true);
    expect(windowsOf(tiling)).toEqual([
      { row: { offset: 0, begin: 0, end: 100 }, column: { offset: 0, begin: 0, end: 90 } },
    ]);
    expect(isWhole(tilingOf({ height: 100, width: 400 }, NET, TAPS, 64, 'exact'))).toBe(false);
  });
});

it('cuts cores out and pastes them back', () => {
  const size = { height: 75, width: 118 };
  const tiling = tilingOf(size, NET, ['relu2_1'], 20, 'exact');
  const map = layerExtents(NET, 'relu2_1', size);
  const window = layerExtents(NET, 'relu2_1', {
    height: tiling.rows.window,
    width: tiling.columns.window,
  });
  const values = Float32Array.from({ length: 3 * map.height * map.width }, (_, i) => i + 1);
  const back = new Float32Array(values.length);
  let kept = 0;
  const windows = windowsOf(tiling);
  expect(windows.length).toBeGreaterThan(5);
  for (const w of windows) {
    const view = layerView(NET, 'relu2_1', w);
    const part = cutCore(values, map, view, window);
    expect(part.length).toBe(3 * window.height * window.width);
    kept += part.filter((value) => value !== 0).length;
    pasteCore(back, map, view, window, part);
  }
  expect(kept).toBe(values.length);
  expect(back).toEqual(values);
});
