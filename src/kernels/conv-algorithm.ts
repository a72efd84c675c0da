// Which way of computing a convolution is fastest, from the adapter and the shapes alone.
import { ceilDiv } from '../base/shape.js';
import type { WinogradTile } from '../base/winograd.js';
import { bucketOf, choose, type Tunable } from '../gpu/choices.js';
import type { Target } from '../gpu/kernel.js';
import { type MatrixName, matrixNames } from './conv-matrix.js';
import { CONV_TILES, type ConvTile, tileFits } from './conv-tiled.js';

/**
 * `winogradM` is F(M x M, 3x3): 3x3 windows of stride 1, padded by at most 2, only. `flat` counts the pixels of all
 * pictures in one row, shared by subgroups of a CPU rasteriser. `tiled` shares factors in
 * workgroup memory, `-f16` in half precision; `matrix` multiplies by the products of subgroups, which take f16.
 */
export type ConvAlgorithm =
  | 'direct'
  | 'flat'
  | 'winograd2'
  | 'winograd4'
  | `tiled/${ConvTile}`
  | `tiled-f16/${ConvTile}`
  | `matrix/${MatrixName}`;

/** N pictures, C input and K output channels, an R x S window, zero padding and P x Q outputs. */
export interface ConvShape {
  readonly n: number;
  readonly c: number;
  readonly k: number;
  readonly r: number;
  readonly s: number;
  readonly stride: number;
  readonly pad: number;
  readonly p: number;
  readonly q: number;
}

/** Whether Winograd's algorithms can compute it and its gradient, whose padding is 2 - pad. */
export function winogradApplies({
  r,
  s,
  stride,
  pad,
}: Pick<ConvShape, 'r' | 's' | 'stride' | 'pad'>): boolean {
  return r === 3 && s === 3 && stride === 1 && pad >= 0 && pad <= 2;
}

/** Below so many channels the transforms cost more than the products that they spare. */
const LEAST_CHANNELS = 32;

/** Tiles that the matrix product computes at least: two for each of 8 lanes. */
const GRAIN = 16;

/**
 * The fastest algorithm on a CPU rasteriser as measured on llvmpipe; on GPUs, where none was measured, tiles (see
 * gpuDefault). F(4x4) needs 36 products per tile of 16 outputs and F(2x2) 16 per tile of 4, but small maps do not
 * fill the tiles that are computed.
 */
function defaultAlgorithm(target: Target, shape: ConvShape): ConvAlgorithm {
  if (!target.cpu) return gpuDefault(target, shape);
  const byPixels = flatApplies(target) && isNarrow(shape) ? 'flat' : 'direct';
  if (!winogradApplies(shape)) return byPixels;
  if (Math.min(shape.c, shape.k) < LEAST_CHANNELS) return byPixels;
  const products = (m: number) => {
    const tiles = shape.n * ceilDiv(shape.p, m) * ceilDiv(shape.q, m);
    return (m + 2) ** 2 * GRAIN * ceilDiv(tiles, GRAIN);
  };
  if (products(4) < products(2) && filtersFit(target, shape, 4)) return 'winograd4';
  return filtersFit(target, shape, 2) ? 'winograd2' : byPixels;
}

/** Narrower rows do not fill the tiles of direct summation; fewer inputs do not pay for finding every tap's pixels. */
const NARROW_ROW = 16;
const LEAST_INPUTS = 16;

function isNarrow({ q, c }: ConvShape): boolean {
  return q < NARROW_ROW && c >= LEAST_INPUTS;
}

function flatApplies(target: Target): boolean {
  return target.cpu && target.subgroupSize > 0;
}

/** Transformed filters are (m+2)^2 times as many values as channels, in one binding. */
function filtersFit(target: Target, { c, k }: ConvShape, m: number): boolean {
  return (m + 2) ** 2 * 16 * ceilDiv(c, 4) * 4 * ceilDiv(k, 4) <= target.maxBindingBytes;
}

/** Below so many output channels most of a tile would be channels that do not exist. */
const LEAST_TILED = 16;

/** Workgroups that keep the processors of a large GPU busy, two for each of some hundred. */
const GPU_FULL = 256;

/** Large tiles where they fill a GPU; direct for the few channels of a picture's gradient. */
function gpuDefault(target: Target, { n, k, p, q }: ConvShape): ConvAlgorithm {
  if (k < LEAST_TILED) return 'direct';
  const full = ceilDiv(n * p * q, 64) * ceilDiv(k, 64) >= GPU_FULL;
  const half = mixed(target);
  const tile = (full ? (['64x64', '32x32'] as const) : (['32x32'] as const)).find((name) =>
    tileFits(target, name, half),
  );
  return tile ? `${half ? 'tiled-f16' : 'tiled'}/${tile}` : 'direct';
}

/** Whether factors may be rounded to f16. */
function mixed(target: Target): boolean {
  return target.precision === 'mixed' && target.f16;
}

/**
 * The algorithms that apply, the default first. Those of GPUs need barriers, which cost a CPU rasteriser most. Mixed
 * precision has a family of its own where it adds candidates: what was found best without f16 says nothing of it.
 */
export function convTunable(target: Target, shape: ConvShape): Tunable {
  const { n, c, k, r, s, stride, p, q } = shape;
  const winograd = ([2, 4] as const).filter((m) => winogradApplies(shape) && filtersFit(target, shape, m));
  const all = [
    'direct',
    ...(flatApplies(target) ? ['flat'] : []),
    ...winograd.map((m) => `winograd${m}`),
    ...(target.cpu ? [] : gpuCandidates(target)),
  ];
  const candidates = [...new Set([defaultAlgorithm(target, shape), ...all])];
  const rounded = candidates.filter((name) => name.startsWith('tiled-f16/') || name.startsWith('matrix/'));
  return {
    family: mixed(target) && !target.cpu ? 'conv2d-mixed' : 'conv2d',
    bucket: `${r}x${s}s${stride} c${bucketOf(c)} k${bucketOf(k)} px${bucketOf(n * p * q)}`,
    candidates,
    // Winograd's derived bound (src/reference/winograd.ts) over that of direct summation, by input channels; for
    // factors in f16 that of docs/numerics.md at its largest, where one product is nearly the whole sum.
    tolerance: {
      winograd2: 1 + 16 / c,
      winograd4: 24 + 480 / c,
      ...Object.fromEntries(rounded.map((name) => [name, 2 ** 14])),
    },
  };
}

function gpuCandidates(target: Target): ConvAlgorithm[] {
  const tiles = (half: boolean) => CONV_TILE_NAMES.filter((tile) => tileFits(target, tile, half));
  const exact = tiles(false).map((tile) => `tiled/${tile}` as const);
  if (!mixed(target)) return exact;
  return [
    ...exact,
    ...tiles(true).map((tile) => `tiled-f16/${tile}` as const),
    ...matrixNames(target).map((name) => `matrix/${name}` as const),
  ];
}

const CONV_TILE_NAMES = Object.keys(CONV_TILES) as ConvTile[];

/** An algorithm's name taken apart. */
export type ConvMethod =
  | { readonly kind: 'direct' }
  | { readonly kind: 'flat' }
  | { readonly kind: 'winograd'; readonly m: WinogradTile }
  | { readonly kind: 'tiled'; readonly tile: ConvTile; readonly half: boolean }
  | { readonly kind: 'matrix'; readonly shape: MatrixName };

/** What a name of `convTunable` stands for. */
export function convMethod(algorithm: ConvAlgorithm): ConvMethod {
  if (algorithm === 'direct' || algorithm === 'flat') return { kind: algorithm };
  if (algorithm === 'winograd2') return { kind: 'winograd', m: 2 };
  if (algorithm === 'winograd4') return { kind: 'winograd', m: 4 };
  const [kind, rest] = algorithm.split('/') as [string, string];
  if (kind === 'matrix') return { kind, shape: rest as MatrixName };
  return { kind: 'tiled', tile: rest as ConvTile, half: kind === 'tiled-f16' };
}

/**
 * The algorithm for a shape: `forced` where given (KernelError where the adapter lacks what it needs), else what
 * the target's choices name, else the default.
 */
export function chooseConv(
  target: Target,
  shape: ConvShape,
  forced?: ConvAlgorithm | undefined,
): ConvAlgorithm {
  if (forced === undefined) return choose(target.choices, convTunable(target, shape)) as ConvAlgorithm;
  if (forced === 'direct' || forced.startsWith('winograd')) return forced;
  const of = forced === 'flat' ? target : { ...target, cpu: false };
  return choose(undefined, convTunable(of, shape), forced) as ConvAlgorithm;
}
