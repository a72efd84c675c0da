// Seeded noise for the generated style pictures.
import { hash32, uniform } from '../../../src/base/random.js';

/** A stream of uniform numbers in [0,1): the same for the same seed. */
export class Chance {
  private position = 0;
  constructor(private readonly seed: number) {}

  next(): number {
    return uniform(this.seed, this.position++);
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Sum of three uniforms, centred: bell-shaped in (-1.5, 1.5), standard deviation 1/2. */
  spread(): number {
    return this.next() + this.next() + this.next() - 1.5;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!;
  }
}

const PERIOD = 256;

/**
 * Gradient noise (Perlin 1985, with the quintic fade of 2002) over a table of random directions, period 256.
 * Values lie in about [-1,1], mean 0.
 */
export class Noise {
  private readonly table = new Uint8Array(2 * PERIOD);
  private readonly gx = new Float64Array(PERIOD);
  private readonly gy = new Float64Array(PERIOD);

  constructor(seed: number) {
    const order = Array.from({ length: PERIOD }, (_, i) => i);
    for (let i = PERIOD - 1; i > 0; i--) {
      const j = hash32(seed, i) % (i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (let i = 0; i < PERIOD; i++) {
      this.table[i] = this.table[i + PERIOD] = order[i]!;
      const angle = 2 * Math.PI * uniform(seed, PERIOD + i);
      this.gx[i] = Math.cos(angle) * Math.SQRT2;
      this.gy[i] = Math.sin(angle) * Math.SQRT2;
    }
  }

  at(x: number, y: number): number {
    const xi = Math.floor(x);
    const yi = Math.floor(y);
    const fx = x - xi;
    const fy = y - yi;
    const column = xi & (PERIOD - 1);
    const row = yi & (PERIOD - 1);
    const left = this.table[column]!;
    const right = this.table[column + 1]!;
    const u = fx * fx * fx * (fx * (fx * 6 - 15) + 10);
    const v = fy * fy * fy * (fy * (fy * 6 - 15) + 10);
    const top = lerp(this.corner(left + row, fx, fy), this.corner(right + row, fx - 1, fy), u);
    const bottom = lerp(
      this.corner(left + row + 1, fx, fy - 1),
      this.corner(right + row + 1, fx - 1, fy - 1),
      u,
    );
    return lerp(top, bottom, v);
  }

  /** Octaves of halving weight and doubling frequency. */
  fractal(x: number, y: number, octaves: number): number {
    let sum = 0;
    let weight = 0.5;
    for (let octave = 0; octave < octaves; octave++) {
      sum += weight * this.at(x, y);
      // The offset keeps the lattices of the octaves, which all have a zero at the origin, apart.
      x = 2 * x + 37.3;
      y = 2 * y + 17.9;
      weight /= 2;
    }
    return sum;
  }

  private corner(at: number, x: number, y: number): number {
    const i = this.table[at]!;
    return this.gx[i]! * x + this.gy[i]! * y;
  }
}

export function lerp(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** 0 below `low`, 1 above `high`, smooth between; `low` may be the larger. */
export function smoothstep(low: number, high: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - low) / (high - low)));
  return t * t * (3 - 2 * t);
}
