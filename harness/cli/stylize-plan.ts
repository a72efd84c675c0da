// `--plan`: what a step would hold in memory, before anything runs.
import { type Device, mib } from '../../src/gpu/device.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import { assertFits, bindingLimit } from '../../src/style/fit.js';
import { type Size, styleSize, usableScales } from '../../src/style/input.js';
import type { StyleOptions } from '../../src/style/options.js';
import { planStep } from '../../src/style/session.js';

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
  readonly fits: boolean;
  /** Largest first. */
  readonly slots: readonly { readonly bytes: number; readonly tensors: readonly string[] }[];
  readonly pinned: readonly { readonly bytes: number; readonly name: string }[];
}

/** Plans the last scale of one picture. InputError where the net cannot take it. */
export function planJob(
  device: Device,
  weights: LoadedWeights,
  job: { readonly content: string; readonly size: Size },
  o: StyleOptions,
): PlanReport {
  const picture = { ...job.size, data: new Float32Array(0) };
  const size = usableScales({ content: picture, weights }, o).at(-1)!;
  const { plan, dispatches, flops } = planStep(device.target, weights, size, o);
  const largestBytes = Math.max(...plan.slots.map((slot) => slot.bytes), ...plan.pinned.map((t) => t.bytes));
  const limitBytes = bindingLimit(device);
  const bySize = (a: { bytes: number }, b: { bytes: number }) => b.bytes - a.bytes;
  return {
    content: job.content,
    net: weights.net,
    adapter: device.adapter.description || device.adapter.device,
    width: size.width,
    height: size.height,
    dispatches,
    flops,
    transientBytes: plan.transientBytes,
    textureBytes: plan.textureBytes,
    pinnedBytes: plan.pinnedBytes,
    peakBytes: plan.transientBytes + plan.textureBytes + plan.pinnedBytes,
    largestBytes,
    limitBytes,
    fits: largestBytes <= limitBytes,
    slots: plan.slots.map(({ bytes, tensors }) => ({ bytes, tensors: [...new Set(tensors)] })).sort(bySize),
    pinned: plan.pinned.map(({ bytes, name }) => ({ bytes, name })).sort(bySize),
  };
}

/** The plan as text. */
export function describePlan(r: PlanReport): string {
  const row = (bytes: number, text: string) => `  ${mib(bytes).padStart(8)} MiB  ${text}`;
  const some = (names: readonly string[]) =>
    `${names.slice(0, 6).join(', ')}${names.length > 6 ? `, … (${names.length})` : ''}`;
  const more = r.slots.length - ROWS;
  return [
    `${r.content}: ${r.net} at ${r.width}x${r.height} on ${r.adapter}`,
    `${r.dispatches} dispatches a step, ${(r.flops / 1e9).toFixed(1)} GFLOP`,
    '',
    `transient: ${mib(r.transientBytes)} MiB in ${r.slots.length} slots`,
    ...r.slots.slice(0, ROWS).map(({ bytes, tensors }) => row(bytes, some(tensors))),
    ...(more > 0 ? [`  … and ${more} smaller ones`] : []),
    ...(r.textureBytes > 0 ? [`textures: ${mib(r.textureBytes)} MiB of copies that kernels read`] : []),
    `pinned: ${mib(r.pinnedBytes)} MiB (weights, targets, picture, moments)`,
    ...r.pinned.slice(0, ROWS / 2).map(({ bytes, name }) => row(bytes, name)),
    '',
    `peak: ${mib(r.peakBytes)} MiB`,
    `largest tensor: ${mib(r.largestBytes)} MiB of ${mib(r.limitBytes)} MiB that one binding may have: ${r.fits ? 'fits' : 'does not fit'}`,
  ].join('\n');
}

/** Throws OutOfMemoryError for a plan that does not fit the adapter, or whose styles' features do not. */
export function refuseTooLarge(
  device: Device,
  weights: LoadedWeights,
  { width, height }: PlanReport,
  styles: readonly Size[],
  o: StyleOptions,
): void {
  const result = { width, height };
  const styleSizes = styles.map((style) => styleSize(style, result, weights, o));
  assertFits(device, weights, result, styleSizes, o);
}
