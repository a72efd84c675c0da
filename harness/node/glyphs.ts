// Labels drawn as strokes: a bare machine has no fonts, and SVG text would come out empty there.

/** Width and path of a glyph: capitals stand from y = 0 to the baseline at 7, small letters from 2.2, tails to 9.4. */
type Glyph = readonly [width: number, path: string];

const BOWL = 'M2 2.2A2 2.4 0 1 0 2 7A2 2.4 0 1 0 2 2.2Z';

const GLYPHS: Readonly<Record<string, Glyph>> = {
  ' ': [1.6, ''],
  A: [5.2, 'M0 7L2.6 0L5.2 7M0.9 4.7H4.3'],
  B: [4.6, 'M0 0V7H2.7A1.9 1.9 0 0 0 2.7 3.2H0M0 0H2.4A1.6 1.6 0 0 1 2.4 3.2'],
  C: [5.2, 'M5.2 1.7A2.9 3.5 0 1 0 5.2 5.3'],
  D: [5.3, 'M0 0V7H1.9A3.4 3.5 0 0 0 1.9 0Z'],
  E: [4.2, 'M4.2 0H0V7H4.2M0 3.4H3.6'],
  F: [4.2, 'M4.2 0H0V7M0 3.5H3.5'],
  G: [5.6, 'M5.2 1.6A2.9 3.5 0 1 0 5.6 3.8H3.3'],
  H: [5, 'M0 0V7M5 0V7M0 3.4H5'],
  I: [0.8, 'M0.4 0V7'],
  J: [3.2, 'M3.2 0V5.2A1.6 1.8 0 0 1 0 5.2'],
  K: [5, 'M0 0V7M4.8 0L0 4.3M1.8 2.8L5 7'],
  L: [4, 'M0 0V7H4'],
  M: [6, 'M0 7V0L3 5L6 0V7'],
  N: [5, 'M0 7V0L5 7V0'],
  O: [6, 'M3 0A3 3.5 0 1 0 3 7A3 3.5 0 1 0 3 0Z'],
  P: [4.6, 'M0 7V0H2.6A2 2 0 0 1 2.6 4H0'],
  Q: [6, 'M3 0A3 3.5 0 1 0 3 7A3 3.5 0 1 0 3 0ZM3.7 5.2L6 7.7'],
  R: [4.8, 'M0 7V0H2.6A2 2 0 0 1 2.6 4H0M2.4 4L4.8 7'],
  S: [4.6, 'M4.3 1.2A2.3 1.7 0 0 0 2.3 0A2.1 1.7 0 0 0 2.3 3.4A2.3 1.8 0 0 1 2.3 7A2.5 1.8 0 0 1 0 5.7'],
  T: [5, 'M0 0H5M2.5 0V7'],
  U: [5, 'M0 0V4.6A2.5 2.4 0 0 0 5 4.6V0'],
  V: [5.2, 'M0 0L2.6 7L5.2 0'],
  W: [7.2, 'M0 0L1.8 7L3.6 1.2L5.4 7L7.2 0'],
  X: [5, 'M0 0L5 7M5 0L0 7'],
  Y: [5, 'M0 0L2.5 3.6L5 0M2.5 3.6V7'],
  Z: [4.8, 'M0 0H4.8L0 7H4.8'],
  a: [4, `${BOWL}M4 2.2V7`],
  b: [4, `${BOWL}M0 0V7`],
  c: [3.7, 'M3.6 3.1A2 2.4 0 1 0 3.6 6.1'],
  d: [4, `${BOWL}M4 0V7`],
  e: [4, 'M0 4.5H4A2 2.35 0 1 0 3.5 6.2'],
  f: [2.6, 'M2.6 0.2A1.5 1.7 0 0 0 1 1.8V7M0 2.4H2.4'],
  g: [4, `${BOWL}M4 2.2V7.4A2 2 0 0 1 0.3 8.4`],
  h: [3.8, 'M0 0V7M0 4.2A1.9 2 0 0 1 3.8 4.2V7'],
  i: [0.8, 'M0.4 2.2V7M0.4 0.2V0.3'],
  j: [1.4, 'M1.4 2.2V7.6A1.4 1.6 0 0 1 0 9.2M1.4 0.2V0.3'],
  k: [3.7, 'M0 0V7M3.4 2.2L0 5M1.3 4L3.7 7'],
  l: [0.8, 'M0.4 0V7'],
  m: [6.2, 'M0 2.2V7M0 4A1.55 1.8 0 0 1 3.1 4V7M3.1 4A1.55 1.8 0 0 1 6.2 4V7'],
  n: [3.8, 'M0 2.2V7M0 4.2A1.9 2 0 0 1 3.8 4.2V7'],
  o: [4.2, 'M2.1 2.2A2.1 2.4 0 1 0 2.1 7A2.1 2.4 0 1 0 2.1 2.2Z'],
  p: [4, `${BOWL}M0 2.2V9.4`],
  q: [4, `${BOWL}M4 2.2V9.4`],
  r: [2.5, 'M0 2.2V7M0 4.2A1.9 2 0 0 1 2.5 2.4'],
  s: [
    3.4,
    'M3.2 2.9A1.8 1.2 0 0 0 1.75 2.2A1.5 1.15 0 0 0 1.75 4.5A1.6 1.25 0 0 1 1.75 7A1.9 1.2 0 0 1 0 6.2',
  ],
  t: [2.6, 'M1 0.6V5.6A1.3 1.4 0 0 0 2.6 6.9M0 2.4H2.5'],
  u: [3.8, 'M0 2.2V5A1.9 2 0 0 0 3.8 5M3.8 2.2V7'],
  v: [3.8, 'M0 2.2L1.9 7L3.8 2.2'],
  w: [5.6, 'M0 2.2L1.4 7L2.8 2.8L4.2 7L5.6 2.2'],
  x: [3.6, 'M0 2.2L3.6 7M3.6 2.2L0 7'],
  y: [4, 'M0 2.2L2 7M4 2.2L2 7L1.5 8.3A1.4 1.4 0 0 1 0.2 9.2'],
  z: [3.5, 'M0 2.2H3.5L0 7H3.5'],
  '0': [4.4, 'M2.2 0A2.2 3.5 0 1 0 2.2 7A2.2 3.5 0 1 0 2.2 0Z'],
  '1': [4.4, 'M0.9 1.4L2.7 0V7'],
  '2': [4.4, 'M0.2 1.9A2 1.95 0 1 1 3.8 3.2L0.1 7H4.3'],
  '3': [4.4, 'M0.4 1A2 1.7 0 1 1 2.2 3.3A2.1 1.85 0 1 1 0.1 5.8'],
  '4': [4.4, 'M3.3 7V0L0 4.9H4.4'],
  '5': [4.4, 'M4 0H0.7L0.4 3.1A2.25 2.2 0 1 1 0.1 6'],
  '6': [4.4, 'M3.7 0.2A6 6 0 0 0 0 4.8A2.2 2.2 0 1 0 2.2 2.6A2.2 2.2 0 0 0 0 4.8'],
  '7': [4.4, 'M0.1 0H4.3L1.5 7'],
  '8': [4.4, 'M2.2 0A1.8 1.6 0 1 0 2.2 3.2A2.2 1.9 0 1 0 2.2 7A2.2 1.9 0 1 0 2.2 3.2A1.8 1.6 0 1 0 2.2 0Z'],
  '9': [4.4, 'M0.7 6.8A6 6 0 0 0 4.4 2.2A2.2 2.2 0 1 0 2.2 4.4A2.2 2.2 0 0 0 4.4 2.2'],
  '.': [0.8, 'M0.4 6.9V7'],
  ',': [0.9, 'M0.7 6.7L0.2 8.3'],
  ':': [0.8, 'M0.4 3V3.1M0.4 6.9V7'],
  ';': [0.9, 'M0.6 3V3.1M0.7 6.7L0.2 8.3'],
  '!': [0.8, 'M0.4 0V4.8M0.4 6.9V7'],
  '?': [3.8, 'M0 1.7A1.9 1.7 0 1 1 2.7 3.2A1.6 1.6 0 0 0 1.9 4.8M1.9 6.9V7'],
  "'": [0.8, 'M0.4 0V1.6'],
  '"': [2, 'M0.4 0V1.6M1.6 0V1.6'],
  '-': [2.6, 'M0 4.3H2.6'],
  '–': [4, 'M0 4.3H4'],
  '—': [6, 'M0 4.3H6'],
  _: [4.4, 'M0 8.2H4.4'],
  '+': [4, 'M0 4.2H4M2 2.2V6.2'],
  '=': [4, 'M0 3.2H4M0 5.2H4'],
  '×': [3.4, 'M0 2.6L3.4 6M3.4 2.6L0 6'],
  '*': [2.6, 'M1.3 0V2.8M0 0.7L2.6 2.1M2.6 0.7L0 2.1'],
  '·': [0.8, 'M0.4 4V4.1'],
  '/': [3, 'M3 -0.3L0 7.8'],
  '\\': [3, 'M0 -0.3L3 7.8'],
  '|': [0.8, 'M0.4 -0.4V8.4'],
  '(': [1.6, 'M1.6 -0.5A6.5 6.5 0 0 0 1.6 8.4'],
  ')': [1.6, 'M0 -0.5A6.5 6.5 0 0 1 0 8.4'],
  '[': [1.5, 'M1.5 -0.4H0V8.2H1.5'],
  ']': [1.5, 'M0 -0.4H1.5V8.2H0'],
  '<': [3.6, 'M3.6 2L0 4.2L3.6 6.4'],
  '>': [3.6, 'M0 2L3.6 4.2L0 6.4'],
  '→': [5.6, 'M0 4.2H5.6M3.6 2.2L5.6 4.2L3.6 6.2'],
  '%': [
    5.6,
    'M5 0L0.6 7M1.3 0A1.3 1.5 0 1 0 1.3 3A1.3 1.5 0 1 0 1.3 0ZM4.3 4A1.3 1.5 0 1 0 4.3 7A1.3 1.5 0 1 0 4.3 4Z',
  ],
  '#': [4.8, 'M1.7 0.4L0.9 7M3.9 0.4L3.1 7M0.3 2.5H4.8M0 5H4.5'],
  '&': [5.2, 'M5.2 7L1.1 2.4A1.55 1.4 0 1 1 3.4 2.2L1 3.8A1.9 1.9 0 0 0 2.1 7A3.2 3 0 0 0 5 4'],
  '@': [6.6, 'M4.6 2.6V4.6A1 1 0 0 0 6.6 4.4V3.6A3.3 3.4 0 1 0 5.2 6.5M4.6 3.6A1.4 1.5 0 1 0 4.6 3.8'],
  '~': [4, 'M0 4.8A1.1 1.1 0 0 1 2 4.3A1.1 1.1 0 0 0 4 3.8'],
};

/** What has no glyph of its own. */
const BOX: Glyph = [4, 'M0 0H4V7H0Z'];
const GAP = 1.7;
/** Cap height in glyph units. */
const CAP = 7;

export interface LabelOptions {
  /** Left, middle or right end at x; the baseline is at y. In pixels, as all of these. */
  readonly x: number;
  readonly y: number;
  /** Height of a capital. */
  readonly size: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly color?: string;
  /** Thickness of the strokes as a share of `size`, 0.12 unless told. */
  readonly weight?: number;
  /** Cut with dots to this width. */
  readonly maxWidth?: number;
}

/** Width in pixels of `text` with capitals of `size` pixels. */
export function labelWidth(text: string, size: number): number {
  const glyphs = glyphsOf(text);
  const units = glyphs.reduce((sum, [width]) => sum + width, 0) + GAP * Math.max(0, glyphs.length - 1);
  return (units * size) / CAP;
}

/** `text` as an SVG path; accents are left off, unknown characters become boxes. */
export function label(text: string, options: LabelOptions): string {
  const { x, y, size, anchor = 'start', color = '#222222', weight = 0.12, maxWidth } = options;
  const fitted = maxWidth === undefined ? text : cut(text, size, maxWidth);
  const shift = { start: 0, middle: 0.5, end: 1 }[anchor] * labelWidth(fitted, size);
  const scale = size / CAP;
  let at = 0;
  const paths = glyphsOf(fitted).map(([width, path]) => {
    const part = path && `<path transform="translate(${round(at)} 0)" d="${path}"/>`;
    at += width + GAP;
    return part;
  });
  return (
    `<g transform="translate(${round(x - shift)} ${round(y - size)}) scale(${round(scale)})" fill="none" stroke="${color}"` +
    ` stroke-width="${round(weight * CAP)}" stroke-linecap="round" stroke-linejoin="round">${paths.join('')}</g>`
  );
}

function cut(text: string, size: number, maxWidth: number): string {
  if (labelWidth(text, size) <= maxWidth) return text;
  let kept = [...text];
  while (kept.length > 0 && labelWidth(`${kept.join('')}...`, size) > maxWidth) kept = kept.slice(0, -1);
  return `${kept.join('').trimEnd()}...`;
}

function glyphsOf(text: string): Glyph[] {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss').replaceAll('…', '...');
  return [...plain].map((character) => (Object.hasOwn(GLYPHS, character) ? GLYPHS[character]! : BOX));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
