// Region masks: colours of a content mask say which parts take their style from the same colours of a style mask.
import { InputError } from '../base/errors.js';
import type { RgbImage } from '../base/image.js';

/** One colour's coverage of a mask, planar [1,1,H,W], 0 or 1. */
export interface Region {
  /** `#rrggbb`, the mask's colour. */
  readonly name: string;
  readonly coverage: Float32Array;
}

const MAX_REGIONS = 8;
/** Colours nearer than this (per channel, 0..255) are one: lossy files blur them. */
const SAME_COLOUR = 48;
/** A colour must cover this share of the mask to count; what is less joins the nearest one. */
const LEAST_SHARE = 0.005;

/** Splits a mask into its colours, most frequent first. */
export function splitRegions(mask: RgbImage, where: string): Region[] {
  const pixels = mask.width * mask.height;
  const counts = new Map<number, number>();
  for (let p = 0; p < pixels; p++) {
    const key = colourAt(mask, p);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const centres: number[] = [];
  const shares: number[] = [];
  for (const [colour, count] of [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    const near = centres.findIndex((centre) => distance(centre, colour) < SAME_COLOUR);
    if (near >= 0) shares[near]! += count / pixels;
    else if (count / pixels >= LEAST_SHARE) {
      centres.push(colour);
      shares.push(count / pixels);
    }
    if (centres.length > MAX_REGIONS) {
      throw new InputError(
        `${where}: a mask may have at most ${MAX_REGIONS} colours; this one looks like a photograph`,
        { fact: { code: 'mask-colours', values: { where, most: MAX_REGIONS } } },
      );
    }
  }
  if (centres.length === 0)
    throw new InputError(`${where}: no colour covers ${100 * LEAST_SHARE} % of the mask`);
  const regions = centres.map((centre) => ({ name: hex(centre), coverage: new Float32Array(pixels) }));
  for (let p = 0; p < pixels; p++) {
    const colour = colourAt(mask, p);
    let best = 0;
    for (let i = 1; i < centres.length; i++)
      if (distance(centres[i]!, colour) < distance(centres[best]!, colour)) best = i;
    regions[best]!.coverage[p] = 1;
  }
  return regions;
}

/** The region of `others` whose colour is that of `name`, if any. */
export function matchRegion(name: string, others: readonly Region[]): Region | undefined {
  const colour = Number.parseInt(name.slice(1), 16);
  return others.find((other) => distance(Number.parseInt(other.name.slice(1), 16), colour) < SAME_COLOUR);
}

function colourAt(image: RgbImage, pixel: number): number {
  const channel = (c: number) => Math.round(255 * image.data[3 * pixel + c]!);
  return (channel(0) << 16) | (channel(1) << 8) | channel(2);
}

function distance(a: number, b: number): number {
  const channel = (shift: number) => Math.abs(((a >> shift) & 255) - ((b >> shift) & 255));
  return Math.max(channel(16), channel(8), channel(0));
}

function hex(colour: number): string {
  return `#${colour.toString(16).padStart(6, '0')}`;
}
