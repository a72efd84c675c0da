// A woodcut of breaking waves: carved lines that follow the water, inks of blue, black and red on paper.
import type { RgbImage } from '../../../src/base/image.js';
import { Canvas, type Color, hex, type PaintOptions } from './canvas.js';
import { Chance, lerp, Noise, smoothstep } from './noise.js';

const PAPER = hex('#f0e4c8');
const KEY = hex('#16202e');
const INDIGO = hex('#1f3f73');
const BLUE = hex('#4c84a6');
const PALE = hex('#a9c8c4');
const SUN = hex('#cc4227');

/** Where a wave's crest rolls over: the plane is turned around (x, y), most at the centre. */
interface Curl {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly turn: number;
}

interface Wave {
  /** Mean surface, from the top. */
  readonly level: number;
  readonly height: number;
  readonly length: number;
  readonly phase: number;
  readonly curls: readonly Curl[];
  readonly ink: Color;
  /** Distance of two carved lines. */
  readonly pitch: number;
  readonly offset: number;
}

/** Rolling waves under a red sun; see PaintOptions. */
export function paintWoodcut({ width, height, seed }: PaintOptions): RgbImage {
  const canvas = new Canvas(width, height, 3);
  const right = canvas.columns / canvas.unit;
  const bottom = canvas.rows / canvas.unit;
  const noise = new Noise(seed);
  const chance = new Chance(seed + 1);
  const waves = raise(right, bottom, chance, noise);
  const sun = {
    x: right * chance.pick([0.27, 0.7]) + 0.04 * chance.spread(),
    y: bottom * 0.2,
    radius: chance.between(0.115, 0.14),
  };
  canvas.fill((x, y, out) => {
    let color: Color | undefined;
    for (let i = waves.length - 1; i >= 0 && !color; i--) color = water(waves[i]!, x, y, noise);
    print(color ?? sky(x, y, bottom, sun, noise), x, y, noise, out);
  });
  return canvas.finish();
}

/** Waves from the horizon to the front, larger and darker. */
function raise(right: number, bottom: number, chance: Chance, noise: Noise): Wave[] {
  const waves: Wave[] = [];
  const count = 7;
  for (let i = 0; i < count; i++) {
    const near = i / (count - 1);
    const length = lerp(0.24, 0.62, near) * chance.between(0.9, 1.1);
    const height = lerp(0.018, 0.11, near ** 0.8);
    const level = bottom * lerp(0.37, 0.95, near ** 1.05);
    const phase = chance.between(0, length);
    const shape = { level, height, length, phase, offset: 40 * i };
    const curls: Curl[] = [];
    if (i > 0) {
      for (let crest = phase - 2 * length; crest < right + 2 * length; crest += length) {
        const radius = height * chance.between(0.7, 1.05);
        const x = crest + 0.01 * chance.spread();
        curls.push({
          x,
          y: surface(shape, x, noise) + 0.35 * radius,
          radius,
          turn: chance.between(2.6, 3.9),
        });
      }
    }
    const ink = [BLUE, BLUE, PALE, INDIGO, BLUE, INDIGO, BLUE][i]!;
    waves.push({ ...shape, curls, ink, pitch: lerp(0.009, 0.021, near) });
  }
  return waves;
}

/** y of the surface: sharp crests and flat troughs, as a sum of |sin| and a slow swell. */
function surface(
  wave: Pick<Wave, 'level' | 'height' | 'length' | 'phase' | 'offset'>,
  x: number,
  noise: Noise,
): number {
  const angle = (Math.PI * (x - wave.phase)) / wave.length;
  const swell = 0.5 * noise.at(1.3 * x + wave.offset, wave.offset);
  return wave.level + wave.height * (1.5 * Math.abs(Math.sin(angle)) ** 0.9 - 1 + swell);
}

/** The ink of one wave at a place, PAPER where it is carved away; undefined above its surface. */
function water(wave: Wave, x: number, y: number, noise: Noise): Color | undefined {
  if (y < wave.level - 4 * wave.height) return undefined;
  let wx = x;
  let wy = y;
  for (const { x: cx, y: cy, radius, turn } of wave.curls) {
    const dx = wx - cx;
    const dy = wy - cy;
    const distance2 = (dx * dx + dy * dy) / (radius * radius);
    if (distance2 > 12) continue;
    const angle = turn * Math.exp(-distance2);
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    wx = cx + cos * dx - sin * dy;
    wy = cy + sin * dx + cos * dy;
  }
  const depth = wy - surface(wave, wx, noise);
  const wobble = 0.0016 * noise.at(40 * x + wave.offset, 40 * y);
  if (depth + wobble < 0) return undefined;
  const { pitch, offset } = wave;
  const outline = 0.22 * pitch * (1 + 0.4 * noise.at(12 * x, 12 * y + offset));
  // Foam: bare paper along the crest, with a scalloped lower edge.
  const foam =
    pitch *
    (0.9 + 0.55 * Math.abs(Math.sin((34 * wx) / (pitch * 50) + offset)) + 0.5 * noise.at(9 * wx, 9 * wy));
  if (depth < outline) return KEY;
  if (depth < foam) return PAPER;
  if (depth < foam + 0.6 * outline) return KEY;
  // Carved lines: paper between strips of ink, wide near the crest, closing with depth.
  const below = depth - foam;
  const line = (below / pitch + 0.55 * noise.at(2.3 * wx + offset, 3 * wy)) % 1;
  const along = noise.at(7 * wx + offset, 26 * below);
  const carve = 0.46 - 1.1 * below - 0.2 * smoothstep(0.1, 0.7, along);
  if (Math.abs(line - 0.5) < carve / 2) return PAPER;
  // The key block prints a thin line on the shadow side of some strips.
  const key = 0.1 + 0.22 * smoothstep(0.05, 0.5, noise.at(4 * wx + offset, 12 * below + 9));
  if (line > 0.98 - key) return KEY;
  return wave.ink;
}

/** The sky's ink: a red sun in carved rings, graded pale ink from the top, drifting strips of cloud. */
function sky(
  x: number,
  y: number,
  bottom: number,
  sun: { x: number; y: number; radius: number },
  noise: Noise,
): Color {
  const drift = y + 0.01 * noise.at(2.2 * x, 5 * y);
  const row = Math.floor(drift / CLOUD);
  const presence = noise.fractal(1.7 * x + 3.7 * row, 0.9 * row, 2) + 0.25 * noise.at(3 * x, 8);
  const half = 0.4 * smoothstep(0.04, 0.4, presence) * smoothstep(0.42 * bottom, 0.26 * bottom, y);
  const aside = Math.abs(drift / CLOUD - row - 0.5);
  if (aside < half) return PAPER;
  if (aside < half + 0.11 * smoothstep(0.02, 0.1, half)) return INDIGO;
  const distance = Math.hypot(x - sun.x, y - sun.y) + 0.003 * noise.at(7 * x, 7 * y);
  if (distance < sun.radius) return SUN;
  const ring = (distance - sun.radius) / RING;
  const fade = 0.62 - 0.85 * (distance - sun.radius) + 0.3 * noise.at(5 * x + 20, 3 * y);
  if (ring > 0.5 && Math.abs((ring % 1) - 0.5) < 0.5 * fade)
    return mix(PALE, BLUE, 0.9 * smoothstep(0.2, 0, y / bottom));
  return mix(PAPER, PALE, 0.7 * smoothstep(0.3, 0, y / bottom));
}

/** Distance of two strips of cloud, and of two rings around the sun. */
const CLOUD = 0.027;
const RING = 0.0125;

function mix(a: Color, b: Color, t: number): Color {
  return [lerp(a[0], b[0], t), lerp(a[1], b[1], t), lerp(a[2], b[2], t)];
}

/** Ink pressed onto paper: the block's grain and the paper's tooth show through. */
function print(color: Color, x: number, y: number, noise: Noise, out: Float64Array): void {
  const fibre = 0.03 * noise.at(60 * x, 190 * y) + 0.02 * noise.at(210 * x, 210 * y);
  let cover = 0;
  let grain = 0;
  if (color !== PAPER) {
    const bend = y + 0.05 * noise.at(1.6 * x, 2.3 * y);
    grain = noise.at(3 * x, 120 * bend) + 0.6 * noise.at(7 * x + 5, 220 * bend);
    const tooth = noise.at(150 * x, 150 * y);
    cover = (0.92 + 0.08 * smoothstep(-0.6, 0.5, grain)) * (1 - 0.55 * smoothstep(0.55, 0.95, tooth));
  }
  for (let c = 0; c < 3; c++) out[c] = lerp(PAPER[c]! + fibre, color[c]! * (1 + 0.06 * grain), cover);
}
