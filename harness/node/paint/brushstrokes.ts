// Impasto: layers of bristly strokes along a swirling flow, in relief under a light from the upper left.
import type { RgbImage } from '../../../src/base/image.js';
import { Canvas, type Color, hex, type PaintOptions, ramp, vary } from './canvas.js';
import { Chance, lerp, Noise, smoothstep } from './noise.js';
import { type Brush, StrokePainter } from './stroke.js';

const SKY = ramp(
  ['#0b1538', '#12286b', '#1c4a9c', '#2f7fb8', '#6fb7bd', '#c9d9a8', '#f3dc86', '#f9c44a'].map(hex),
);
const LAND = ramp(['#14242f', '#1f4a4a', '#56702f', '#a37f22', '#d2902a', '#e9b845', '#f6e09a'].map(hex));
const ACCENTS: readonly Color[] = ['#f7e9b8', '#f2b134', '#d9542b', '#7fd0c7', '#9db8e8'].map(hex);

/** Coarse to fine; width and length in units of the shorter side. */
const LAYERS: readonly { width: number; length: number; spacing: number; jitter: number }[] = [
  { width: 0.07, length: 0.3, spacing: 0.055, jitter: 0.05 },
  { width: 0.04, length: 0.26, spacing: 0.036, jitter: 0.06 },
  { width: 0.024, length: 0.19, spacing: 0.023, jitter: 0.075 },
  { width: 0.014, length: 0.12, spacing: 0.018, jitter: 0.1 },
];

/** Where things are; drawn from the seed. */
class Scene {
  private readonly noise: Noise;
  readonly light: { x: number; y: number };
  private readonly eddies: { x: number; y: number; radius: number; turn: number }[];
  private readonly stars: { x: number; y: number; radius: number }[] = [];
  private readonly phase: number;

  constructor(
    readonly right: number,
    readonly bottom: number,
    seed: number,
  ) {
    const chance = new Chance(seed);
    this.noise = new Noise(seed + 1);
    const side = chance.next() < 0.5 ? 0.3 : 0.7;
    this.light = { x: right * (side + 0.05 * chance.spread()), y: bottom * chance.between(0.26, 0.34) };
    this.phase = chance.between(0, 6);
    this.eddies = [
      { ...this.light, radius: 0.2, turn: 1.6 },
      { x: right * (1 - side), y: bottom * chance.between(0.3, 0.42), radius: 0.17, turn: -1.5 },
      { x: right * chance.between(0.4, 0.6), y: bottom * 0.1, radius: 0.12, turn: 1.2 },
    ];
    for (let tries = 0; tries < 40 && this.stars.length < 6; tries++) {
      const star = {
        x: right * chance.next(),
        y: bottom * chance.between(0.05, 0.55),
        radius: chance.between(0.018, 0.034),
      };
      const apart = (other: { x: number; y: number }) => Math.hypot(star.x - other.x, star.y - other.y);
      if (apart(this.light) > 0.3 && this.stars.every((other) => apart(other) > 0.16)) this.stars.push(star);
    }
    for (const { x, y, radius } of this.stars) this.eddies.push({ x, y, radius: 1.6 * radius, turn: 1 });
  }

  /** Height of the ridge, as y. */
  horizon(x: number): number {
    return (
      this.bottom * 0.7 + 0.06 * Math.sin(4.2 * x + this.phase) + 0.09 * this.noise.fractal(2.1 * x, 3.7, 3)
    );
  }

  /** Stream function: strokes run along its level lines, so they neither pile up nor run apart. */
  stream(x: number, y: number): number {
    const ground = this.horizon(x);
    const sky = 0.16 * this.noise.fractal(1.7 * x, 1.9 * y, 2) + 0.35 * y;
    let swirl = 0;
    for (const { x: cx, y: cy, radius, turn } of this.eddies) {
      const distance2 = ((x - cx) ** 2 + (y - cy) ** 2) / radius ** 2;
      swirl += turn * radius * Math.exp(-distance2 / 2);
    }
    const field = (y - ground) * 1.2 + 0.06 * this.noise.fractal(3 * x, 5 * y, 2);
    const share = smoothstep(ground - 0.05, ground + 0.02, y);
    return lerp(sky + swirl, field, share);
  }

  /** The paint at a place, and the other paint on the same brush. */
  colors(x: number, y: number, chance: Chance, jitter: number): [Color, Color] {
    const ground = this.horizon(x);
    if (y > ground) {
      const depth = (y - ground) / (this.bottom - ground + 1e-6);
      const bands = this.noise.fractal(2.2 * x + 9, 9 * (y - ground) + 4, 3);
      const t = 0.56 + 0.95 * bands - 0.22 * depth + jitter * 2 * chance.spread();
      return [LAND(t), LAND(t + 0.16 * chance.spread() + 0.1)];
    }
    const distance = Math.hypot(x - this.light.x, y - this.light.y);
    let stars = 0;
    for (const { x: sx, y: sy, radius } of this.stars) {
      stars += 0.8 * Math.exp(-((x - sx) ** 2 + (y - sy) ** 2) / radius ** 2);
    }
    const rings = 0.09 * Math.sin(34 * distance - 1) * Math.exp(-4 * distance);
    const halo = 0.95 * Math.exp(-((distance / 0.13) ** 2)) + 0.42 * Math.exp(-distance / 0.22);
    const calm = 1 - Math.exp(-((distance / 0.19) ** 2));
    const clouds = 0.6 * calm * this.noise.fractal(2.4 * x + 3 * this.stream(x, y), 7 * this.stream(x, y), 3);
    const t = 0.22 + clouds + halo + rings + stars + 0.12 * (y / ground) + jitter * 1.4 * chance.spread();
    return [SKY(t), SKY(t + 0.2 * chance.spread())];
  }
}

/** Strokes in deep blues and ochres around a light; see PaintOptions. */
export function paintBrushstrokes({ width, height, seed }: PaintOptions): RgbImage {
  const canvas = new Canvas(width, height, 2);
  const right = canvas.columns / canvas.unit;
  const bottom = canvas.rows / canvas.unit;
  const scene = new Scene(right, bottom, seed);
  const flow = new Flow(scene);
  const painter = new StrokePainter(canvas, seed + 2);
  const chance = new Chance(seed + 3);
  // The ground under the paint shows in a few gaps only.
  canvas.fill((x, y, out) => out.set(y > scene.horizon(x) ? [0.13, 0.11, 0.08] : [0.06, 0.1, 0.25]));
  for (const [depth, layer] of LAYERS.entries()) {
    const starts: { x: number; y: number; rank: number }[] = [];
    for (let y = -layer.spacing; y < bottom + layer.spacing; y += layer.spacing) {
      for (let x = -layer.spacing; x < right + layer.spacing; x += layer.spacing) {
        const jitter = 0.9 * layer.spacing;
        starts.push({
          x: x + jitter * chance.spread(),
          y: y + jitter * chance.spread(),
          rank: chance.next(),
        });
      }
    }
    starts.sort((a, b) => a.rank - b.rank);
    const finest = depth === LAYERS.length - 1;
    for (const start of starts) {
      // The last layer is a selection of touches, not a cover.
      if (finest && chance.next() < 0.45) continue;
      const [paint, other] = scene.colors(start.x, start.y, chance, layer.jitter);
      const touch = finest && chance.next() < 0.07;
      const brush: Brush = {
        width: layer.width * chance.between(0.7, 1.2),
        paint: vary(
          touch ? chance.pick(ACCENTS) : paint,
          0.05 * chance.spread(),
          0.25 * chance.spread(),
          1.1,
        ),
        other: vary(other, 0.07 * chance.spread(), 0.35 * chance.spread(), 1.1),
        load: chance.between(0.6, 1),
      };
      const length = layer.length * chance.between(0.55, 1.15) * (touch ? 0.7 : 1);
      painter.stroke(trace(flow, start.x, start.y, length, 0.4 * layer.width), brush);
    }
  }
  painter.relief(1.6);
  return canvas.finish();
}

/** Unit directions along the level lines of the scene's stream function, tabulated: strokes ask very often. */
class Flow {
  private readonly columns: number;
  private readonly rows: number;
  private readonly vx: Float32Array;
  private readonly vy: Float32Array;
  private static readonly CELLS = 96;
  /** Cells beyond each edge, for strokes that leave the picture. */
  private static readonly MARGIN = 24;

  constructor(scene: Scene) {
    const { CELLS, MARGIN } = Flow;
    this.columns = Math.ceil(scene.right * CELLS) + 2 * MARGIN;
    this.rows = Math.ceil(scene.bottom * CELLS) + 2 * MARGIN;
    this.vx = new Float32Array(this.columns * this.rows);
    this.vy = new Float32Array(this.columns * this.rows);
    const e = 0.004;
    for (let row = 0, at = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++, at++) {
        const x = (column - MARGIN) / CELLS;
        const y = (row - MARGIN) / CELLS;
        const dx = scene.stream(x + e, y) - scene.stream(x - e, y);
        const dy = scene.stream(x, y + e) - scene.stream(x, y - e);
        const norm = Math.hypot(dx, dy) + 1e-12;
        this.vx[at] = dy / norm;
        this.vy[at] = -dx / norm;
      }
    }
  }

  at(x: number, y: number): [number, number] {
    const column = Math.min(this.columns - 1.001, Math.max(0, x * Flow.CELLS + Flow.MARGIN));
    const row = Math.min(this.rows - 1.001, Math.max(0, y * Flow.CELLS + Flow.MARGIN));
    const i = Math.floor(row) * this.columns + Math.floor(column);
    const u = column % 1;
    const v = row % 1;
    const mix = (f: Float32Array) =>
      lerp(lerp(f[i]!, f[i + 1]!, u), lerp(f[i + this.columns]!, f[i + this.columns + 1]!, u), v);
    return [mix(this.vx), mix(this.vy)];
  }
}

/** Points along the flow from (x, y), `step` apart, by the midpoint method. */
function trace(flow: Flow, x: number, y: number, length: number, step: number): { x: number; y: number }[] {
  const points = [{ x, y }];
  for (let done = 0; done < length; done += step) {
    const [ux, uy] = flow.at(x, y);
    const [vx, vy] = flow.at(x + (ux * step) / 2, y + (uy * step) / 2);
    x += vx * step;
    y += vy * step;
    points.push({ x, y });
  }
  return points;
}
