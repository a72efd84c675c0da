// Pictures side by side with labels; needs no fonts.
import sharp, { type OverlayOptions } from 'sharp';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { label, labelWidth } from './glyphs.js';
import { rawPicture, readPicture } from './pictures.js';
import { type LossTrace, logRange, shownSeries, tick } from './trace.js';

export interface SheetPicture {
  readonly label: string;
  readonly image: RgbImage;
}

export interface SheetRow {
  readonly images: readonly SheetPicture[];
}

export interface SheetOptions {
  /** Height of a row's pictures in pixels, at least 32; a picture is at most twice as wide as high. */
  readonly cell: number;
  readonly title?: string;
}

const PAPER = '#fafaf7';
const INK = '#222222';

/**
 * Rows of pictures, each scaled to the height of the row, with its label below; transparent parts show white.
 * InputError when there is no picture or `cell` is too small.
 */
export async function contactSheet(rows: readonly SheetRow[], options: SheetOptions): Promise<RgbImage> {
  const { cell, title } = options;
  if (!Number.isInteger(cell) || cell < 32) {
    throw new InputError(`contact sheet: cell must be an integer of at least 32 px, got ${cell}`);
  }
  if (!rows.some((row) => row.images.length > 0)) throw new InputError('contact sheet: there is no picture');
  const gap = Math.max(8, Math.round(cell / 20));
  const size = Math.max(8, Math.round(cell / 28));
  const overlays: OverlayOptions[] = [];
  const labels: string[] = [];
  let width = 0;
  let y = gap + (title ? Math.round(3 * size) : 0);
  for (const row of rows) {
    let x = gap;
    for (const { label: text, image } of row.images) {
      const scale = Math.min(cell / image.height, (2 * cell) / image.width);
      const w = Math.max(1, Math.round(image.width * scale));
      const h = Math.max(1, Math.round(image.height * scale));
      const input = await rawPicture(image)
        .flatten({ background: '#ffffff' })
        .resize(w, h, { fit: 'fill' })
        .png({ compressionLevel: 1 })
        .toBuffer();
      overlays.push({ input, left: x, top: y + Math.floor((cell - h) / 2) });
      labels.push(
        label(text, {
          x: x + w / 2,
          y: y + cell + 2.2 * size,
          size,
          anchor: 'middle',
          color: INK,
          maxWidth: w,
        }),
      );
      x += w + gap;
    }
    width = Math.max(width, x);
    y += cell + Math.round(3.2 * size) + gap;
  }
  if (title) {
    labels.push(
      label(title, {
        x: gap,
        y: gap + 1.5 * size,
        size: 1.25 * size,
        color: INK,
        weight: 0.15,
        maxWidth: width - 2 * gap,
      }),
    );
  }
  overlays.push({ input: svg(width, y, labels.join('')), left: 0, top: 0 });
  const sheet = sharp({ create: { width, height: y, channels: 3, background: PAPER } });
  return readPicture(await sheet.composite(overlays).png({ compressionLevel: 1 }).toBuffer(), {
    where: 'sheet',
  });
}

export interface DemoSheet {
  readonly content: RgbImage;
  readonly style: RgbImage;
  readonly result: RgbImage;
  readonly trace: LossTrace;
  /** Height of the pictures, 384 px unless told. */
  readonly cell?: number;
  readonly title?: string;
}

/** Content, style, result and the loss curve in one row. */
export async function demoSheet({
  content,
  style,
  result,
  trace,
  cell = 384,
  title,
}: DemoSheet): Promise<RgbImage> {
  const images = [
    { label: 'content', image: content },
    { label: 'style', image: style },
    { label: 'result', image: result },
    { label: 'loss over steps', image: await lossPicture(trace, Math.round(1.25 * cell), cell) },
  ];
  return contactSheet([{ images }], title === undefined ? { cell } : { cell, title });
}

/** The trace as a picture of that size in pixels: logarithmic, names at the top, as lossPlot but without fonts. */
export async function lossPicture(trace: LossTrace, width: number, height: number): Promise<RgbImage> {
  const shown = shownSeries(trace);
  const { min, max } = logRange(shown.flatMap(({ values }) => values));
  const size = Math.max(7, Math.round(height / 38));
  const box = { left: 5.2 * size, right: width - 1.6 * size, top: 4.6 * size, bottom: height - 3.4 * size };
  const first = trace.steps[0] ?? 0;
  const last = Math.max(first + 1, trace.steps.at(-1) ?? 0);
  const toX = (step: number) => box.left + ((step - first) / (last - first)) * (box.right - box.left);
  const toY = (value: number) =>
    box.bottom - (Math.log10(value / min) / Math.log10(max / min)) * (box.bottom - box.top);
  const parts = [`<rect width="${width}" height="${height}" fill="#ffffff"/>`];
  const line = (path: string, stroke: string, thick: number, more = '') =>
    parts.push(
      `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="${thick}" stroke-linejoin="round"${more}/>`,
    );

  for (let exponent = Math.round(Math.log10(min)); exponent <= Math.round(Math.log10(max)); exponent++) {
    const y = toY(10 ** exponent);
    line(`M${box.left} ${y}H${box.right}`, '#e3e3e3', 1);
    parts.push(
      label(tick(10 ** exponent), {
        x: box.left - 0.8 * size,
        y: y + size / 2,
        size,
        anchor: 'end',
        color: '#555555',
      }),
    );
  }
  for (const index of trace.scales ?? []) {
    if (index <= 0 || index >= trace.steps.length) continue;
    line(`M${toX(trace.steps[index]!)} ${box.top}V${box.bottom}`, '#aaaaaa', 1, ' stroke-dasharray="4 4"');
  }
  for (const { values, color, main, name } of [...shown].reverse()) {
    const path = values
      .map((value, i) => {
        if (value === null) return '';
        const joins = i > 0 && values[i - 1] !== null && !trace.scales?.includes(i);
        return `${joins ? 'L' : 'M'}${toX(trace.steps[i]!).toFixed(2)} ${toY(value).toFixed(2)}`;
      })
      .join('');
    const thick = (size / 9) * (name === 'total' ? 2.6 : main ? 2 : 0.9);
    // A lone point is a move without a line: the round cap makes it a dot.
    line(path.includes('L') ? path : `${path}h0`, color, thick, ' stroke-linecap="round"');
  }
  line(`M${box.left} ${box.top}V${box.bottom}H${box.right}`, '#555555', 1);
  for (const [step, anchor] of [
    [first, 'start'],
    [last, 'end'],
  ] as const) {
    parts.push(
      label(`step ${step}`, { x: toX(step), y: box.bottom + 2 * size, size, anchor, color: '#555555' }),
    );
  }
  let x = box.left;
  for (const { name, color, main } of shown) {
    if (!main) continue;
    parts.push(label(name, { x, y: 2.8 * size, size: 1.1 * size, color, weight: 0.16 }));
    x += labelWidth(name, 1.1 * size) + 1.6 * size;
  }
  return readPicture(
    await sharp(svg(width, height, parts.join('')))
      .flatten()
      .png()
      .toBuffer(),
    { where: 'loss curve' },
  );
}

function svg(width: number, height: number, body: string): Buffer {
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`,
  );
}
