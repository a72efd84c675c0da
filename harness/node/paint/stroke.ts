// One brush stroke: a ribbon around a polyline, with bristles, a dry end and a height for the relief.
import { hash32 } from '../../../src/base/random.js';
import type { Canvas, Color } from './canvas.js';
import { lerp, Noise, smoothstep } from './noise.js';

export interface Brush {
  /** Across the stroke, in canvas units. */
  readonly width: number;
  readonly paint: Color;
  /** A second paint on the same brush, seen in some of the bristles. */
  readonly other: Color;
  /** How much paint, in [0,1]: little paint ends early and leaves gaps. */
  readonly load: number;
}

export class StrokePainter {
  private readonly height: Float32Array;
  private readonly nearest: Float32Array;
  private readonly along: Float32Array;
  private readonly side: Float32Array;
  /** Samples that the stroke in hand covers; the first `marked` count. */
  private readonly marks: Int32Array;
  private marked = 0;
  private readonly streaks = new Float32Array(64);
  private readonly noise: Noise;
  private strokes = 0;

  constructor(
    private readonly canvas: Canvas,
    private readonly seed: number,
  ) {
    const samples = canvas.columns * canvas.rows;
    this.height = new Float32Array(samples);
    this.nearest = new Float32Array(samples).fill(Number.POSITIVE_INFINITY);
    this.along = new Float32Array(samples);
    this.side = new Float32Array(samples);
    this.marks = new Int32Array(samples);
    this.noise = new Noise(seed);
  }

  /** Paints a stroke through `points` (canvas units), from the first to the last. */
  stroke(points: readonly { x: number; y: number }[], brush: Brush): void {
    const { unit, columns, rows } = this.canvas;
    const half = (brush.width * unit) / 2;
    for (let i = 0; i + 1 < points.length; i++) {
      const [x0, y0] = [points[i]!.x * unit, points[i]!.y * unit];
      const [dx, dy] = [points[i + 1]!.x * unit - x0, points[i + 1]!.y * unit - y0];
      const length2 = dx * dx + dy * dy + 1e-9;
      const x1 = Math.max(0, Math.floor(Math.min(x0, x0 + dx) - half));
      const x2 = Math.min(columns - 1, Math.ceil(Math.max(x0, x0 + dx) + half));
      const y1 = Math.max(0, Math.floor(Math.min(y0, y0 + dy) - half));
      const y2 = Math.min(rows - 1, Math.ceil(Math.max(y0, y0 + dy) + half));
      for (let y = y1; y <= y2; y++) {
        for (let x = x1; x <= x2; x++) {
          const px = x - x0;
          const py = y - y0;
          const t = Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
          const distance2 = (px - t * dx) ** 2 + (py - t * dy) ** 2;
          const at = y * columns + x;
          if (distance2 > half * half || distance2 >= this.nearest[at]!) continue;
          if (this.nearest[at] === Number.POSITIVE_INFINITY) this.marks[this.marked++] = at;
          this.nearest[at] = distance2;
          this.along[at] = (i + t) / (points.length - 1);
          this.side[at] = (Math.sign(px * dy - py * dx) * Math.sqrt(distance2)) / half;
        }
      }
    }
    this.deposit(half, brush);
  }

  /** Lays the paint on the samples that `stroke` marked, and clears the marks. */
  private deposit(half: number, brush: Brush): void {
    const { data } = this.canvas;
    const place = hash32(this.seed, this.strokes++) % 4096;
    const bristles = 2.5 + Math.min(5, half / 3);
    const { paint, other, load } = brush;
    // Which bristles carry the other paint.
    for (let i = 0; i < 64; i++) {
      this.streaks[i] = smoothstep(
        -0.1,
        0.55,
        this.noise.at((i / 32 - 1) * 0.45 * bristles + place / 3, 11.3),
      );
    }
    for (let mark = 0; mark < this.marked; mark++) {
      const at = this.marks[mark]!;
      this.nearest[at] = Number.POSITIVE_INFINITY;
      const u = this.along[at]!;
      const v = this.side[at]!;
      const hair = this.noise.at(v * bristles + place, u * 2.2 + place / 7);
      // Narrow at both ends, ragged by the bristles.
      const taper = smoothstep(-0.06, 0.1, u) * smoothstep(1.05, 0.62 + 0.2 * load, u + 0.12 * hair);
      const edge = 1 - Math.abs(v) - 0.16 * (1 + hair) - 0.55 * (1 - taper);
      if (edge <= 0) continue;
      const cover =
        smoothstep(0, Math.min(0.5, 1.6 / half), edge) * smoothstep(-0.5, -0.2, hair + load * taper);
      const blend = this.streaks[Math.min(63, Math.floor(32 * (v + 1)))]!;
      const tone = 1 + 0.2 * hair;
      for (let c = 0; c < 3; c++) {
        const color = lerp(paint[c]!, other[c]!, blend) * tone;
        data[3 * at + c] = lerp(data[3 * at + c]!, color, cover);
      }
      // Paint is pushed to the sides of a stroke and stands in ridges between the bristles.
      const body =
        half * load * (0.1 + 0.09 * hair + 0.12 * Math.abs(v) ** 3 + 0.06 * smoothstep(0.7, 0.95, u));
      this.height[at] = lerp(this.height[at]!, 0.35 * this.height[at]! + body, cover);
    }
    this.marked = 0;
  }

  /** Lights the heights from the upper left; `strength` 1 is natural. */
  relief(strength: number): void {
    const { columns, rows, data } = this.canvas;
    for (let y = 0; y < rows; y++) {
      const up = y > 0 ? -columns : 0;
      const down = y + 1 < rows ? columns : 0;
      for (let x = 0; x < columns; x++) {
        const at = y * columns + x;
        const dx = this.height[at + (x + 1 < columns ? 1 : 0)]! - this.height[at - (x > 0 ? 1 : 0)]!;
        const dy = this.height[at + down]! - this.height[at + up]!;
        const slope = strength * 0.5 * (dx + 1.3 * dy);
        const shade = 1 + 0.42 * Math.tanh(slope);
        const gloss = 0.22 * smoothstep(0.35, 1.1, slope);
        for (let c = 0; c < 3; c++) {
          const lit = data[3 * at + c]! * shade;
          data[3 * at + c] = lit + gloss * (1 - lit);
        }
      }
    }
  }
}
