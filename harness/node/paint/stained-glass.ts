// Stained glass: a rose of rings in a field of free panes, jewel colours lit from behind, lead between them.
import type { RgbImage } from '../../../src/base/image.js';
import { Canvas, type Color, fromLab, hex, lighten, type PaintOptions, ramp, toLab } from './canvas.js';
import { Chance, lerp, Noise, smoothstep } from './noise.js';
import { Panes } from './panes.js';

/** The rose, from its eye outwards. */
const ROSE: readonly (readonly string[])[] = [
  ['#ffd45a'],
  ['#f7a823', '#ffc545'],
  ['#d8262f', '#f06a1d'],
  ['#7a1fa0', '#b3124f'],
  ['#1b3fc4', '#0f8fc0'],
];
const FIELD = ramp(
  [
    '#0a1f6b',
    '#1238b0',
    '#0d6fc7',
    '#0aa2a8',
    '#129a55',
    '#8fbf2a',
    '#f3c433',
    '#f0851f',
    '#cf2233',
    '#8a1668',
    '#3b1a86',
  ].map(hex),
);

interface Pane {
  readonly x: number;
  readonly y: number;
  readonly lab: readonly [number, number, number];
  /** Direction of the streaks in the glass. */
  readonly cos: number;
  readonly sin: number;
  readonly offset: number;
  readonly size: number;
}

/** Jewel-coloured panes in lead; see PaintOptions. */
export function paintStainedGlass({ width, height, seed }: PaintOptions): RgbImage {
  const canvas = new Canvas(width, height, 2);
  const right = canvas.columns / canvas.unit;
  const bottom = canvas.rows / canvas.unit;
  const noise = new Noise(seed);
  const chance = new Chance(seed + 1);
  const eye = { x: right * chance.between(0.42, 0.58), y: bottom * chance.between(0.38, 0.48) };
  const panes = layOut(right, bottom, eye, chance, noise);
  const voronoi = new Panes(panes, right, bottom);
  canvas.fill((x, y, out) => {
    // Hand-cut edges: lines bend a little.
    const wx = x + 0.006 * noise.at(9 * x, 9 * y) + 0.002 * noise.at(31 * x, 31 * y);
    const wy = y + 0.006 * noise.at(9 * x + 50, 9 * y) + 0.002 * noise.at(31 * x, 31 * y + 50);
    const { nearest, edge, nx, ny } = voronoi.at(wx, wy);
    const pane = panes[nearest]!;
    glass(pane, x, y, edge, eye, noise, out);
    lead(x, y, edge, nx, ny, noise, out);
  });
  bloom(canvas);
  return canvas.finish();
}

/** Rings around the eye, then free panes by dart throwing, larger further out. */
function layOut(
  right: number,
  bottom: number,
  eye: { x: number; y: number },
  chance: Chance,
  noise: Noise,
): Pane[] {
  const panes: Pane[] = [];
  const add = (x: number, y: number, color: Color, size: number) => {
    const [l, a, b] = toLab(color);
    const angle = chance.between(0, Math.PI);
    const light = l + 0.05 * chance.spread();
    const lab = [light, a * 1.05 + 0.02 * chance.spread(), b * 1.05 + 0.02 * chance.spread()] as const;
    panes.push({
      x,
      y,
      lab,
      cos: Math.cos(angle),
      sin: Math.sin(angle),
      offset: chance.between(0, 200),
      size,
    });
  };
  const counts = [1, 8, 8, 16, 16];
  const radii = [0, 0.085, 0.175, 0.25, 0.335];
  for (const [ring, count] of counts.entries()) {
    const colors = ROSE[ring]!.map(hex);
    const turn = ring % 2 ? Math.PI / count : 0;
    for (let i = 0; i < count; i++) {
      const angle = (2 * Math.PI * i) / count + turn;
      add(
        eye.x + radii[ring]! * Math.cos(angle) + 0.004 * chance.spread(),
        eye.y + radii[ring]! * Math.sin(angle) + 0.004 * chance.spread(),
        colors[i % colors.length]!,
        0.08,
      );
    }
  }
  const rose = radii.at(-1)!;
  for (let tries = 0; tries < 12000; tries++) {
    const x = chance.between(-0.1, right + 0.1);
    const y = chance.between(-0.1, bottom + 0.1);
    const distance = Math.hypot(x - eye.x, y - eye.y);
    const size = 0.072 + 0.06 * smoothstep(0.35, 0.8, distance) + 0.04 * noise.at(4 * x, 4 * y);
    if (distance < rose + 0.06) continue;
    if (
      panes.some(
        (other) => Math.hypot(other.x - x, other.y - y) < Math.min(size, 0.5 * (size + other.size) + 0.01),
      )
    )
      continue;
    // Colour runs in broad ribbons round the rose.
    const sweep = Math.atan2(y - eye.y, x - eye.x) / (2 * Math.PI);
    const t =
      0.5 + 0.5 * Math.sin(2 * Math.PI * (1.1 * distance + 2 * sweep) + 2.4 * noise.fractal(2 * x, 2 * y, 2));
    add(x, y, FIELD(0.85 * t + 0.12 * chance.spread() + 0.05), size);
  }
  return panes;
}

/** Light through one pane. */
function glass(
  pane: Pane,
  x: number,
  y: number,
  edge: number,
  eye: { x: number; y: number },
  noise: Noise,
  out: Float64Array,
): void {
  const u = (x - pane.x) * pane.cos + (y - pane.y) * pane.sin;
  const v = (y - pane.y) * pane.cos - (x - pane.x) * pane.sin;
  const at = pane.offset;
  const streak = noise.fractal(4 * u + at, 30 * v + 4 * noise.at(9 * u + at, 9 * v) + at, 3);
  const swirl = noise.fractal(16 * u + at + 2 * streak, 16 * v + at, 2);
  // Hammered glass: the slope of small dimples bends the light.
  const dimple = noise.at(62 * x + at, 62 * y) - noise.at(62 * x + at + 0.35, 62 * y + 0.35);
  const seeds = smoothstep(0.62, 0.8, noise.at(95 * u + at, 60 * v + at));
  const far = Math.hypot(x - eye.x, y - eye.y);
  const behind = 0.1 * Math.exp(-((far / 0.45) ** 2)) - 0.05;
  const glow =
    0.17 * smoothstep(0, 0.55 * pane.size, edge) - 0.09 - (1.1 * (x - pane.x) + 1.6 * (y - pane.y));

  const light = behind + glow + 0.19 * streak + 0.07 * swirl + 0.055 * dimple + 0.12 * seeds;
  const chroma = 1 - 0.9 * light + 0.1 * swirl;
  const turn = 0.22 * streak + 0.1 * swirl;
  const [l, a, b] = pane.lab;
  const color = fromLab(l + light, chroma * (a - turn * b), chroma * (b + turn * a));
  for (let c = 0; c < 3; c++) out[c] = color[c]!;
}

/** Half the width of a came. */
const LEAD = 0.0066;

/** A round lead came over the edge, with the light of the room on its upper left. */
function lead(
  x: number,
  y: number,
  edge: number,
  nx: number,
  ny: number,
  noise: Noise,
  out: Float64Array,
): void {
  const half = LEAD * (1 + 0.18 * noise.at(14 * x, 14 * y + 7));
  // Grime darkens the glass beside the lead.
  const grime = 0.45 * (1 - smoothstep(half, 2.2 * half, edge));
  for (let c = 0; c < 3; c++) out[c]! *= 1 - grime;
  if (edge > half * 1.1) return;
  const across = Math.min(1, edge / half);
  const grain = noise.fractal(70 * x, 70 * y, 2);
  const facing = across * (nx * 0.6 + ny * 0.8);
  const shine = smoothstep(0.25, 0.95, facing + 0.25 * grain) * 0.34;
  const body = 0.085 + 0.05 * grain + 0.05 * (1 - across);
  const cover = smoothstep(1.1, 0.95, edge / half);
  const tint = [0.95, 1, 1.12];
  for (let c = 0; c < 3; c++) out[c] = lerp(out[c]!, (body + shine) * tint[c]!, cover);
}

/** Bright glass spills a little light over what is around it. */
function bloom(canvas: Canvas): void {
  const { columns, rows, data } = canvas;
  const radius = Math.max(1, Math.round(0.012 * canvas.unit));
  let soft: Float32Array = data;
  for (let pass = 0; pass < 2; pass++) {
    soft = boxBlur(soft, columns, rows, radius, 3, 3 * columns);
    soft = boxBlur(soft, rows, columns, radius, 3 * columns, 3);
  }
  // Colours may lie a little below 0, and a power of those would be no number.
  for (let i = 0; i < data.length; i++) data[i] = lighten(data[i]!, 0.22 * Math.max(0, soft[i]!) ** 1.5);
}

/** Mean over 2*radius + 1 samples along one axis of `length`, for each of `lines` across it; edges repeat. */
function boxBlur(
  data: Float32Array,
  length: number,
  lines: number,
  radius: number,
  step: number,
  across: number,
): Float32Array {
  const out = new Float32Array(data.length);
  for (let line = 0; line < lines; line++) {
    for (let c = 0; c < 3; c++) {
      const base = line * across + c;
      const value = (i: number) => data[base + step * Math.min(length - 1, Math.max(0, i))]!;
      let sum = 0;
      for (let i = -radius; i <= radius; i++) sum += value(i);
      for (let i = 0; i < length; i++) {
        out[base + step * i] = sum / (2 * radius + 1);
        sum += value(i + radius + 1) - value(i - radius);
      }
    }
  }
  return out;
}
