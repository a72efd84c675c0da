// Pictures drawn by numbers: dead leaves and coloured noise have the edges and the spectra of photographs, and no licence.
import { hash32, normal, uniform } from '../../../src/base/random.js';

/** Draws of one stream, one after the other: the same stream gives the same numbers. */
export class Draws {
  private count = 0;

  constructor(private readonly stream: number) {}

  /** In 0..1. */
  next(): number {
    return uniform(this.stream, this.count++);
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number below `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Between two positive numbers, its logarithm even. */
  scaled(low: number, high: number): number {
    return low * (high / low) ** this.next();
  }

  color(): [number, number, number] {
    return [this.next(), this.next(), this.next()];
  }
}

/** Discs and rectangles that lie on one another, and how large they may be as shares of the side. */
const LEAVES = { fewest: 20, most: 160, smallest: 0.03, largest: 0.5, textured: 0.3 };

/**
 * Dead leaves (Lee, Mumford and Huang, 2001): opaque discs and turned rectangles of all sizes, some with waves. RGB in 0..1,
 * interleaved, `side` x `side`.
 */
export function deadLeaves(side: number, draws: Draws): Float32Array {
  const out = new Float32Array(3 * side * side);
  const ground = draws.color();
  for (let i = 0; i < out.length; i++) out[i] = ground[i % 3]!;
  const count = LEAVES.fewest + draws.below(LEAVES.most - LEAVES.fewest + 1);
  for (let leaf = 0; leaf < count; leaf++) paintLeaf(out, side, draws);
  return out;
}

function paintLeaf(out: Float32Array, side: number, draws: Draws): void {
  const [cx, cy] = [draws.next() * side, draws.next() * side];
  // The density of radii falls with their cube.
  const { smallest, largest } = LEAVES;
  const radius = side / Math.sqrt(draws.between(1 / largest ** 2, 1 / smallest ** 2));
  const color = draws.color();
  const isDisc = draws.next() < 0.5;
  const angle = draws.next() * Math.PI;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const flat = isDisc ? 1 : draws.between(0.2, 1);
  const waves = draws.next() < LEAVES.textured ? draws.scaled(2, side / 3) : 0;
  const depth = draws.between(0.1, 0.4);
  const [top, bottom] = [Math.max(0, Math.floor(cy - radius)), Math.min(side, Math.ceil(cy + radius))];
  const [left, right] = [Math.max(0, Math.floor(cx - radius)), Math.min(side, Math.ceil(cx + radius))];
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const [dx, dy] = [x + 0.5 - cx, y + 0.5 - cy];
      const [u, v] = [dx * cos + dy * sin, dy * cos - dx * sin];
      const inside = isDisc
        ? dx * dx + dy * dy <= radius * radius
        : Math.abs(u) <= radius * Math.SQRT1_2 && Math.abs(v) <= radius * Math.SQRT1_2 * flat;
      if (!inside) continue;
      const shade = waves > 0 ? 1 + depth * Math.sin((2 * Math.PI * u) / waves) : 1;
      for (let c = 0; c < 3; c++) out[3 * (y * side + x) + c] = Math.min(1, color[c]! * shade);
    }
}

/**
 * Noise whose amplitude falls with the frequency to the power of 0.5 to 1.8: octaves of interpolated lattices, mixed into
 * three channels. RGB in 0..1, interleaved.
 */
export function colouredNoise(side: number, draws: Draws): Float32Array {
  const power = draws.between(0.5, 1.8);
  const fields = [0, 1, 2].map(() => octaves(side, power, hash32(draws.below(2 ** 31), 1)));
  const mix = [0, 1, 2].map(() => [draws.between(-1, 1), draws.between(-1, 1), draws.between(-1, 1)]);
  const mean = draws.color();
  const contrast = draws.between(0.08, 0.3);
  const out = new Float32Array(3 * side * side);
  for (let i = 0; i < side * side; i++)
    for (let c = 0; c < 3; c++) {
      const value = fields.reduce((sum, field, k) => sum + mix[c]![k]! * field[i]!, 0);
      out[3 * i + c] = Math.min(1, Math.max(0, mean[c]! + contrast * value));
    }
  return out;
}

/** One field of mean 0 and deviation 1. */
function octaves(side: number, power: number, stream: number): Float64Array {
  const field = new Float64Array(side * side);
  for (let cells = 2, level = 0; cells <= side; cells *= 2, level++) {
    // One octave of the spectrum 1/f^2p in two dimensions has the variance f^(2 - 2p).
    const amplitude = cells ** (1 - power);
    const own = hash32(stream, level);
    const lattice = (row: number, column: number) => normal(own, row * (cells + 1) + column);
    for (let y = 0; y < side; y++) {
      const at = (y * cells) / side;
      const row = Math.floor(at);
      const down = at - row;
      for (let x = 0; x < side; x++) {
        const place = (x * cells) / side;
        const column = Math.floor(place);
        const right = place - column;
        const upper = lattice(row, column) * (1 - right) + lattice(row, column + 1) * right;
        const lower = lattice(row + 1, column) * (1 - right) + lattice(row + 1, column + 1) * right;
        field[y * side + x]! += amplitude * (upper * (1 - down) + lower * down);
      }
    }
  }
  const mean = field.reduce((sum, value) => sum + value, 0) / field.length;
  const square = field.reduce((sum, value) => sum + (value - mean) ** 2, 0) / field.length;
  return field.map((value) => (value - mean) / Math.sqrt(square));
}
