import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { label, labelWidth } from '../../harness/node/glyphs.js';
import { lossPlot } from '../../harness/node/plot.js';
import { contactSheet, demoSheet, lossPicture } from '../../harness/node/sheet.js';
import { type LossTrace, logRange, tick } from '../../harness/node/trace.js';
import { InputError } from '../../src/base/errors.js';
import { type RgbImage, rgbImage } from '../../src/base/image.js';

const steps = Array.from({ length: 30 }, (_, i) => 10 * i);
const falling = (from: number) => steps.map((step) => from * Math.exp(-(step % 150) / 60) + 0.01 * from);
const TRACE: LossTrace = {
  title: 'content & <style>',
  steps,
  scales: [0, 15],
  series: {
    total: falling(40),
    content: falling(3),
    style: falling(30),
    tv: steps.map(() => 0),
    relu1_1: falling(9),
  },
};

/** Pixels that are nearer to `color` than the antialiased edges of lines are. */
function count(image: RgbImage, color: readonly [number, number, number]): number {
  let found = 0;
  for (let at = 0; at < image.data.length; at += 3) {
    if (color.every((v, c) => Math.abs(image.data[at + c]! * 255 - v) < 12)) found++;
  }
  return found;
}

function plain(width: number, height: number, value: number): RgbImage {
  return rgbImage(width, height, new Float32Array(3 * width * height).fill(value));
}

describe('lossPlot', () => {
  const svg = lossPlot(TRACE);

  it('is an SVG that a strict parser draws, on white', async () => {
    const { data, info } = await sharp(Buffer.from(svg)).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([900, 560]);
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
    expect(svg).toContain('content &amp; &lt;style&gt;');
  });

  it('has one line per series that has a value above 0, total the thickest, layers thin', () => {
    const widths = (color: string) =>
      [...svg.matchAll(/<path [^>]*>/g)]
        .map(([path]) => path)
        .filter((path) => path.includes(`stroke="${color}"`) && path.includes('fill="none"'))
        .map((path) => Number(/stroke-width="([\d.]+)"/.exec(path)?.[1] ?? 1));
    expect(widths('#1a1a1a')).toEqual([2.6]);
    expect(widths('#0072b2')).toEqual([2]);
    expect(widths('#d55e00')).toEqual([2]);
    expect(widths('#cc79a7')).toEqual([1]);
    // The total variation loss is 0 throughout: nothing to show on a logarithmic axis.
    expect(widths('#009e73')).toEqual([]);
    expect(svg).not.toContain('>tv<');
  });

  it('refuses a series of another length, and draws a run without steps', () => {
    expect(() => lossPlot({ ...TRACE, series: { total: [1, 2] } })).toThrow(InputError);
    expect(() => lossPlot({ ...TRACE, series: { total: [1, 2] } })).toThrow(/must have 30 values.*got 2$/);
    expect(lossPlot({ title: 'empty', steps: [], series: { total: [] } })).toContain('empty');
  });

  it('chooses whole powers of ten', () => {
    expect(logRange([0.02, null, 30])).toEqual({ min: 0.01, max: 100 });
    expect(logRange([10, 10])).toEqual({ min: 10, max: 100 });
    expect(logRange([null])).toEqual({ min: 0.1, max: 1 });
    expect([0.001, 1, 1000, 1e-5, 1e9].map(tick)).toEqual(['0.001', '1', '1000', '1e-5', '1e9']);
  });
});

describe('labels', () => {
  it('need no font, and every printable ASCII character but five has a glyph', () => {
    const missing = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((character) =>
      label(character, { x: 0, y: 0, size: 7 }).includes('M0 0H4V7H0Z'),
    );
    expect(missing).toEqual(['$', '^', '`', '{', '}']);
    expect(label('é', { x: 0, y: 0, size: 7 })).toBe(label('e', { x: 0, y: 0, size: 7 }));
  });

  it('are as wide as they say, and cut to fit', async () => {
    const text = 'Hamburg 42';
    const body = label(text, { x: 10, y: 40, size: 20, color: '#000000' });
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="60">${body}</svg>`;
    const { data, info } = await sharp(Buffer.from(svg))
      .flatten({ background: '#fff' })
      .greyscale()
      .raw()
      .toBuffer({
        resolveWithObject: true,
      });
    const dark = Array.from(data.keys()).filter((i) => data[i]! < 128);
    const columns = dark.map((i) => i % info.width);
    expect(Math.min(...columns)).toBeGreaterThanOrEqual(8);
    expect(Math.abs(Math.max(...columns) - (10 + labelWidth(text, 20)))).toBeLessThan(3);
    const cut = label('a long long long label', { x: 0, y: 0, size: 10, maxWidth: 60 });
    expect(cut.match(/<path/g)!.length).toBeLessThan(14);
  });
});

describe('sheets', () => {
  it('place each picture whole at the height of the row', async () => {
    const red = rgbImage(
      30,
      20,
      Float32Array.from({ length: 1800 }, (_, i) => (i % 3 ? 0 : 1)),
    );
    const sheet = await contactSheet(
      [
        {
          images: [
            { label: 'red', image: red },
            { label: 'grey', image: plain(20, 20, 0.5) },
          ],
        },
      ],
      { cell: 100, title: 'two' },
    );
    expect(count(sheet, [255, 0, 0])).toBe(150 * 100);
    expect(count(sheet, [128, 128, 128])).toBeGreaterThanOrEqual(100 * 100);
    // Ink of the labels.
    expect(count(sheet, [34, 34, 34])).toBeGreaterThan(40);
  });

  it('show transparent parts white', async () => {
    const clear = rgbImage(16, 16, new Float32Array(768), new Float32Array(256));
    const sheet = await contactSheet([{ images: [{ label: '', image: clear }] }], { cell: 32 });
    expect(count(sheet, [255, 255, 255])).toBeGreaterThanOrEqual(32 * 32);
    expect(count(sheet, [0, 0, 0])).toBe(0);
  });

  it('draw the curves of the main series and the demo in one row', async () => {
    const curve = await lossPicture(TRACE, 300, 240);
    for (const color of [
      [0x1a, 0x1a, 0x1a],
      [0, 0x72, 0xb2],
      [0xd5, 0x5e, 0],
    ] as const) {
      expect(count(curve, color)).toBeGreaterThan(100);
    }
    const demo = await demoSheet({
      content: plain(48, 32, 0.2),
      style: plain(32, 32, 0.4),
      result: plain(48, 32, 0.6),
      trace: TRACE,
      cell: 64,
    });
    for (const [value, pixels] of [
      [0.2, 96 * 64],
      [0.4, 64 * 64],
      [0.6, 96 * 64],
    ] as const) {
      expect(count(demo, [255 * value, 255 * value, 255 * value])).toBeGreaterThanOrEqual(pixels);
    }
  });

  it('refuse an empty sheet and a cell too small', async () => {
    await expect(contactSheet([{ images: [] }], { cell: 64 })).rejects.toThrow(/there is no picture/);
    await expect(contactSheet([], { cell: 5 })).rejects.toThrow(/at least 32 px, got 5/);
  });
});
