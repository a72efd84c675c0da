// Threads that own neighbouring pixels of one row of one channel block, so that what is the channel's is loaded once.
import { HALO } from '../src/base/layout.js';

/** Params of a kernel of such threads. */
export const PIXEL_RUN_PARAMS = {
  count: 'u32',
  stride: 'u32',
  C4: 'u32',
  H: 'u32',
  W: 'u32',
  run: 'u32',
  segments: 'u32',
} as const;

/** WGSL that sets `c4` and the half-open range `begin`, `end` of the thread's pixels in an image [N][C4][H+2][W+2]. */
export function pixelRun(): string {
  return `let i = global_id.x + global_id.y * params.stride;
  if (i >= params.count) {
    return;
  }
  let row = i / params.segments;
  let plane = row / params.H;
  let c4 = plane % params.C4;
  let first = i % params.segments * params.run;
  let begin = (plane * (params.H + ${2 * HALO}u) + row % params.H + ${HALO}u) * (params.W + ${2 * HALO}u) + ${HALO}u + first;
  let end = begin + min(params.run, params.W - first);`;
}

/** Params of a kernel that sums channels over rows. */
export const CHANNEL_ROWS_PARAMS = {
  N: 'u32',
  C4: 'u32',
  H: 'u32',
  W: 'u32',
  splits: 'u32',
  stride: 'u32',
} as const;

/** WGSL that sets `c4` and the thread's number `t` among the `splits` of its channel block. */
export function channelSplit(): string {
  return `let i = global_id.x + global_id.y * params.stride;
  let c4 = i / params.splits;
  let t = i % params.splits;
  if (c4 >= params.C4) {
    return;
  }`;
}

/** WGSL that runs `body` at every pixel `at` of rows t, t + splits, ... of all pictures: never on the border. */
export function overRows(body: string): string {
  return `for (var row = t; row < params.N * params.H; row += params.splits) {
    let plane = row / params.H * params.C4 + c4;
    let begin = (plane * (params.H + ${2 * HALO}u) + row % params.H + ${HALO}u) * (params.W + ${2 * HALO}u) + ${HALO}u;
    for (var at = begin; at < begin + params.W; at++) {
      ${body}
    }
  }`;
}
