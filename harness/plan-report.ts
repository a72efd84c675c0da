// `--plan`: what a step would hold in memory, before anything runs.
import { type Device, mib } from '../src/gpu/device.js';
import type { LoadedWeights } from '../src/nets/manifest.js';
import { assertFits, bindingLimit, planFits } from '../src/style/fit.js';
import { type Size, styleSize, usableScales } from '../src/style/input.js';
import type { StyleOptions } from '../src/style/options.js';
import { limitsOf } from '../src/style/tiles/choose.js';
import { planScale, type ScalePlan } from '../src/style/tiles/plan.js';

/** Rows of the largest slots and pinned tensors that are printed. */
const ROWS = 12;

/** The plan of a picture's largest scale, as `--json --plan` prints it; sizes in bytes. */
export interface PlanReport {
  readonly content: string;
  readonly net: string;
  readonly adapter: string;
  readonly width: number;
  readonly height: number;
  readonly dispatches: number;
  readonly flops: number;
  readonly transientBytes: number;
  /** Copies of tensors that kernels read as textures. */
  readonly textureBytes: number;
  readonly pinnedBytes: number;
  readonly peakBytes: number;
  /** The largest slot or pinned tensor, and what one binding of the adapter may have. */
  readonly largestBytes: number;
  readonly limitBytes: number;
  readonly memoryLimitBytes: number;
  readonly fits: boolean;
  /** Absent where the picture is computed in one piece. */
  readonly tiles?: TilesReport;
  /** Largest first; of one tile where there are tiles. */
  readonly slots: readonly { readonly bytes: number; readonly tensors: readonly string[] }[];
  readonly pinned: readonly { readonly bytes: number; readonly name: string }[];
}

/** The tiles of a plan: extents in pixels, sizes in bytes. */
export interface TilesReport {
  readonly columns: number;
  readonly rows: number;
  /** Of a tile with its overlap. */
  readonly width: number;
  readonly height: number;
  readonly overlap: number;
  readonly exact: boolean;
  readonly wholePictureBytes: number;
  readonly tileBytes: number;
  readonly netBytes: number;
  readonly cpuBytes: number;
  /** Arithmetic of a step over that of one in one piece. */
  readonly arithmetic: number;
}

/** Plans the last scale of one picture, with `regions` colours of its mask. InputError where the net cannot take it. */
export function planJob(
  device: Device,
  weights: LoadedWeights,
  job: { readonly content: string; readonly size: Size },
  o: StyleOptions,
  regions: number,
): PlanReport {
  const picture = { ...job.size, data: new Float32Array(0) };
  const size = usableScales({ content: picture, weights }, o).at(-1)!;
  const scale = planScale(device.target, weights, size, o, regions);
  const { plan, dispatches, flops, peakBytes, largestBytes } = scale;
  const limitBytes = bindingLimit(device.target);
  const bySize = (a: { bytes: number }, b: { bytes: number }) => b.bytes - a.bytes;
  return {
    content: job.content,
    net: weights.net,
    adapter: device.adapter.description || device.adapter.device || device.adapter.architecture,
    width: size.width,
    height: size.height,
    dispatches,
    flops,
    transientBytes: plan.transientBytes,
    textureBytes: plan.textureBytes,
    pinnedBytes: plan.pinnedBytes,
    peakBytes,
    largestBytes,
    limitBytes,
    memoryLimitBytes: limitsOf(device.target, o).memoryBytes,
    fits: planFits(device.target, scale, o),
    ...(scale.windows ? { tiles: tilesOf(scale, scale.windows) } : {}),
    slots: plan.slots.map(({ bytes, tensors }) => ({ bytes, tensors: [...new Set(tensors)] })).sort(bySize),
    pinned: plan.pinned.map(({ bytes, name }) => ({ bytes, name })).sort(bySize),
  };
}

function tilesOf({ flops }: ScalePlan, w: NonNullable<ScalePlan['windows']>): TilesReport {
  const { rows, columns, exact } = w.tiling;
  return {
    columns: columns.count,
    rows: rows.count,
    width: columns.window,
    height: rows.window,
    overlap: rows.overlap,
    exact,
    wholePictureBytes: w.wholeBytes,
    tileBytes: w.windowBytes,
    netBytes: w.netBytes,
    cpuBytes: w.cpuBytes,
    arithmetic: flops / w.wholeFlops,
  };
}

/** The plan as text. */
export function describePlan(r: PlanReport): string {
  const more = r.slots.length - ROWS;
  return [
    `${r.content}: ${r.net} at ${r.width}x${r.height} on ${r.adapter}`,
    `${r.dispatches} dispatches a step, ${(r.flops / 1e9).toFixed(1)} GFLOP`,
    '',
    ...(r.tiles ? tileLines(r.tiles) : ['in one piece']),
    '',
    `transient: ${mib(r.transientBytes)} MiB in ${r.slots.length} slots`,
    ...r.slots.slice(0, ROWS).map(({ bytes, tensors }) => row(bytes, some(tensors))),
    ...(more > 0 ? [`  … and ${more} smaller ones`] : []),
    ...(r.textureBytes > 0 ? [`textures: ${mib(r.textureBytes)} MiB of copies that kernels read`] : []),
    `pinned: ${mib(r.pinnedBytes)} MiB (weights, targets, picture, moments)`,
    ...r.pinned.slice(0, ROWS / 2).map(({ bytes, name }) => row(bytes, name)),
    '',
    `peak: ${mib(r.peakBytes)} MiB of ${mib(r.memoryLimitBytes)} MiB (--memory)`,
    `largest tensor: ${mib(r.largestBytes)} MiB of ${mib(r.limitBytes)} MiB that one binding may have: ${r.fits ? 'fits' : 'does not fit'}`,
  ].join('\n');
}

function tileLines(t: TilesReport): string[] {
  return [
    `${t.columns} x ${t.rows} tiles of ${t.width}x${t.height}, overlap ${t.overlap}: ${t.exact ? 'exact' : 'approximate'}`,
    `${t.arithmetic.toFixed(2)} x the arithmetic of a step in one piece`,
    row(t.wholePictureBytes, 'picture, gradient, optimiser: whole'),
    row(t.tileBytes, 'one tile (transient and textures below, targets)'),
    row(t.netBytes, 'weights, filters, statistics'),
    row(t.cpuBytes, "the content's features and masks, in the memory of the CPU"),
  ];
}

const row = (bytes: number, text: string) => `  ${mib(bytes).padStart(8)} MiB  ${text}`;
const some = (names: readonly string[]) =>
  `${names.slice(0, 6).join(', ')}${names.length > 6 ? `, … (${names.length})` : ''}`;

/** Throws OutOfMemoryError for a plan that does not fit the adapter, or whose styles' features do not. */
export function refuseTooLarge(
  device: Device,
  weights: LoadedWeights,
  { width, height }: PlanReport,
  styles: readonly Size[],
  o: StyleOptions,
  regions: number,
): void {
  const result = { width, height };
  const styleSizes = styles.map((style) => styleSize(style, result, weights, o));
  assertFits(device.target, weights, result, styleSizes, o, regions);
}
