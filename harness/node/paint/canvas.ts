// A supersampled canvas and its colours. Lengths are in units of the shorter side, so that a picture is the same
// composition at any size.
import { type RgbImage, rgbImage } from '../../../src/base/image.js';
import { lerp } from './noise.js';

/** Size and seed of a painted picture. */
export interface PaintOptions {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Which of the endless pictures of this style. */
  readonly seed: number;
}

/** Red, green, blue in [0,1], sRGB-encoded. */
export type Color = readonly [number, number, number];

/** `#rrggbb` as a colour. */
export function hex(text: string): Color {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

export class Canvas {
  readonly columns: number;
  readonly rows: number;
  /** Samples along the shorter side: the unit of length. */
  readonly unit: number;
  /** RGB interleaved, sRGB-encoded. */
  readonly data: Float32Array;

  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly factor: number,
  ) {
    this.columns = width * factor;
    this.rows = height * factor;
    this.unit = Math.min(this.columns, this.rows);
    this.data = new Float32Array(3 * this.columns * this.rows);
  }

  /** Calls `shade` for the centre of every sample; it writes the colour into `out`. */
  fill(shade: (x: number, y: number, out: Float64Array) => void): void {
    const out = new Float64Array(3);
    for (let row = 0, at = 0; row < this.rows; row++) {
      const y = (row + 0.5) / this.unit;
      for (let column = 0; column < this.columns; column++, at += 3) {
        shade((column + 0.5) / this.unit, y, out);
        this.data[at] = out[0]!;
        this.data[at + 1] = out[1]!;
        this.data[at + 2] = out[2]!;
      }
    }
  }

  /** The picture: samples averaged in linear light over each pixel. */
  finish(): RgbImage {
    const { width, height, factor } = this;
    const out = new Float32Array(3 * width * height);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++, at++) {
          let sum = 0;
          for (let j = 0; j < factor; j++) {
            let from = 3 * ((y * factor + j) * this.columns + x * factor) + c;
            for (let i = 0; i < factor; i++, from += 3) sum += toLinear(this.data[from]!);
          }
          out[at] = fromLinear(sum / (factor * factor));
        }
      }
    }
    return rgbImage(width, height, out);
  }
}

/** sRGB-encoded -> linear light (IEC 61966-2-1), clamped to [0,1]. */
export function toLinear(v: number): number {
  v = Math.min(1, Math.max(0, v));
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

/** Linear light -> sRGB-encoded, clamped to [0,1]. */
export function fromLinear(v: number): number {
  v = Math.min(1, Math.max(0, v));
  return v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
}

/** sRGB-encoded colour -> OKLab (B. Ottosson, 2020): even steps look even. */
export function toLab([red, green, blue]: Color): [number, number, number] {
  const r = toLinear(red);
  const g = toLinear(green);
  const b = toLinear(blue);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** OKLab -> sRGB-encoded colour, clamped to the gamut. */
export function fromLab(light: number, a: number, b: number): [number, number, number] {
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** A colour scale through `colors`, evenly spaced over [0,1] and mixed in OKLab; `t` is clamped. */
export function ramp(colors: readonly Color[]): (t: number) => [number, number, number] {
  const labs = colors.map(toLab);
  return (t) => {
    const place = Math.min(1, Math.max(0, t)) * (labs.length - 1);
    const low = Math.min(labs.length - 2, Math.floor(place));
    const share = place - low;
    const [from, to] = [labs[low]!, labs[low + 1]!];
    return fromLab(lerp(from[0], to[0], share), lerp(from[1], to[1], share), lerp(from[2], to[2], share));
  };
}

/** The colour lighter by `light` and turned by `hue` radians, with chroma times `chroma`, in OKLab. */
export function vary(color: Color, light: number, hue: number, chroma = 1): [number, number, number] {
  const [l, a, b] = toLab(color);
  const cos = Math.cos(hue) * chroma;
  const sin = Math.sin(hue) * chroma;
  return fromLab(l + light, cos * a - sin * b, sin * a + cos * b);
}

/** `v` with light `l` screened over it: 1 - (1 - v)(1 - l). */
export function lighten(v: number, l: number): number {
  return v + l * (1 - v);
}
