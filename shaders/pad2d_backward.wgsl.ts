import { HALO } from '../src/base/layout.js';
import type { PadVariant } from './pad2d_forward.wgsl.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of padding, gathered: one thread adds up all pixels of dy that show its pixel:
 *   dx[n,c,h,w] = sum_{(p,q): source(p-top,H) = h, source(q-left,W) = w} dy[n,c,p,q]
 */
export function pad2dBackward(v: PadVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;       // [N][C4][P+2][Q+2]
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]

#if ${v.mode === 'replicate'}
// First and last output position that shows position i of extent input positions.
fn shown(i: u32, before: u32, extent: u32, padded: u32) -> vec2u {
  return vec2u(select(i + before, 0u, i == 0u), select(i + before, padded - 1u, i + 1u == extent));
}
#elif ${v.mode === 'reflect'}
// Output positions that show position i: itself and its mirror images before and behind, or ABSENT.
const ABSENT = 0xffffffffu;
fn shown(i: u32, before: u32, extent: u32, padded: u32) -> vec3u {
  let behind = before + 2u * (extent - 1u) - i;
  return vec3u(
    i + before,
    select(ABSENT, before - i, i > 0u && i <= before),
    select(ABSENT, behind, i + 1u < extent && behind < padded),
  );
}
#endif

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let w = global_id.x;
  let h = global_id.y;
  if (w >= params.W || h >= params.H) {
    return;
  }
  let pitchY = params.Q + ${2 * HALO}u;
  let origin = (global_id.z * (params.P + ${2 * HALO}u) + ${HALO}u) * pitchY + ${HALO}u;
#if ${v.mode === 'zero'}
  let sum = dy[origin + (h + params.top) * pitchY + w + params.left];
#elif ${v.mode === 'replicate'}
  let rows = shown(h, params.top, params.H, params.P);
  let columns = shown(w, params.left, params.W, params.Q);
  var sum = vec4f();
  for (var p = rows.x; p <= rows.y; p++) {
    for (var q = columns.x; q <= columns.y; q++) {
      sum += dy[origin + p * pitchY + q];
    }
  }
#else
  let rows = shown(h, params.top, params.H, params.P);
  let columns = shown(w, params.left, params.W, params.Q);
  var sum = vec4f();
  for (var i = 0u; i < 3u; i++) {
    if (rows[i] == ABSENT) {
      continue;
    }
    for (var j = 0u; j < 3u; j++) {
      if (columns[j] != ABSENT) {
        sum += dy[origin + rows[i] * pitchY + columns[j]];
      }
    }
  }
#endif
  dx[(global_id.z * (params.H + ${2 * HALO}u) + h + ${HALO}u) * (params.W + ${2 * HALO}u) + w + ${HALO}u] = sum;
}
`;
}
