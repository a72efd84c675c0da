// Whether a picture is worked on whole or in windows, and in which: the largest that fit.
import type { Target } from '../../gpu/kernel.js';
import type { StyleOptions } from '../options.js';
import { type Extents, exactOverlap, isWhole, type Tiling, tilingOf } from './partition.js';

/** What a plan must keep, in bytes. */
export interface Limits {
  /** Of the largest tensor: what one binding of the adapter may have. */
  readonly bindingBytes: number;
  /** Of all GPU memory together. */
  readonly memoryBytes: number;
  /** True where the caller gave the sum; else it is the default, which WebGPU cannot know better. */
  readonly given: boolean;
}

/** What a software adapter may take of the machine's memory, and what a GPU is assumed to have. */
const DEFAULT_MIB = { cpu: 4096, gpu: 8192 } as const;

/** The limits of an adapter with the options' bound. */
export function limitsOf(target: Target, o: Pick<StyleOptions, 'memory'>): Limits {
  const given = o.memory !== 'auto';
  const memory = given ? o.memory : target.cpu ? DEFAULT_MIB.cpu : DEFAULT_MIB.gpu;
  return { bindingBytes: target.maxBindingBytes, memoryBytes: memory * 2 ** 20, given };
}

/** What an attempt needs. */
export interface Need {
  readonly peakBytes: number;
  /** Its largest slot or pinned tensor. */
  readonly largestBytes: number;
}

/** Whether it can run. Without windows a default bound on the sum is no reason to refuse what may well fit. */
export function fits({ peakBytes, largestBytes }: Need, limits: Limits, strict = true): boolean {
  return largestBytes <= limits.bindingBytes && (!strict || peakBytes <= limits.memoryBytes);
}

/** Cores below this many pixels are mostly overlap. */
const LEAST_CORE = 32;

/**
 * The attempt that the options ask for: whole (`tile: 'off'`), in windows of a given size, or (`auto`) whole where that
 * fits and else in the fewest windows along the longer side that fit. Where nothing fits, the last attempt.
 */
export function chooseTiling<T extends Need>(
  size: Extents,
  net: string,
  taps: readonly string[],
  o: StyleOptions,
  limits: Limits,
  attempt: (tiling: Tiling | undefined) => T,
): T {
  const tiled = (core: number) => tilingOf(size, net, taps, core, o.tileOverlap);
  if (typeof o.tile === 'number') {
    const tiling = tiled(o.tile);
    return attempt(isWhole(tiling) ? undefined : tiling);
  }
  const whole = attempt(undefined);
  // Means and covariances are not added up over windows.
  if (o.tile === 'off' || o.styleLoss === 'w2' || fits(whole, limits)) return whole;
  const around = o.tileOverlap === 'exact' ? exactOverlap(net, taps) : o.tileOverlap;
  const inner = Math.max(size.height, size.width) - 2 * around;
  const inWindows = (count: number) => {
    const tiling = tiled(Math.ceil(inner / count));
    return attempt(isWhole(tiling) ? undefined : tiling);
  };
  // More windows never need more memory, so that the least number that fits is found by halving.
  let most = Math.floor(inner / LEAST_CORE);
  if (most < 2) return whole;
  let best = inWindows(most);
  if (!fits(best, limits)) return best;
  for (let least = 2; least < most; ) {
    const middle = Math.floor((least + most) / 2);
    const tried = inWindows(middle);
    if (fits(tried, limits)) {
      most = middle;
      best = tried;
    } else least = middle + 1;
  }
  return best;
}
