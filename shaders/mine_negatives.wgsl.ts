import { HASH32 } from './hash.js';
import { wgsl } from './wgsl.js';

export type MineVariant = {
  /** Which pictures of other people may be the negative of a pair. */
  mode: 'random' | 'in-margin' | 'semi-hard' | 'hard';
};

/** For four positives at once: whether each lane of `other` (another person's four distances) is a candidate. */
const CONDITION: Record<MineVariant['mode'], string> = {
  random: 'vec4<bool>(true)',
  'in-margin': 'other < vec4f(positive + params.margin)',
  'semi-hard': '(other > vec4f(positive)) & (other < vec4f(positive + params.margin))',
  hard: 'vec4<bool>(true)',
};

/**
 * A negative for every pair of pictures (a, p) of one person in a batch: among the candidates n, whose label differs,
 *   random     any;                  in-margin  d[a,n] < d[a,p] + margin
 *   semi-hard  d[a,p] < d[a,n] < d[a,p] + margin;  hard  the smallest d[a,n], the first of equals
 * negatives[a,p] = n, or -1 where there is none or (a, p) is no such pair. Where several may be chosen it is number
 * hash32(seed, a*N + p) mod their count, in the order of the batch. One thread owns four neighbours p.
 */
export function mineNegatives(v: MineVariant): string {
  const hard = v.mode === 'hard';
  return wgsl`
@group(0) @binding(1) var<storage, read> distances: array<vec4f>;       // [N][N4]
@group(0) @binding(2) var<storage, read> labels: array<vec4f>;          // [N4]
@group(0) @binding(3) var<storage, read_write> negatives: array<vec4f>; // [N][N4]

${HASH32}

/** Which of four rows of the batch are candidates for an anchor in a row with \`label\` at this distance from its positive. */
fn candidates(row: u32, n4: u32, label: f32, positive: f32) -> vec4<bool> {
  let other = distances[row + n4];
  let inside = 4u * n4 + vec4u(0u, 1u, 2u, 3u) < vec4u(params.N);
  return inside & (labels[n4] != vec4f(label)) & (${CONDITION[v.mode]});
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let N4 = (params.N + 3u) / 4u;
  let at = global_id.x + global_id.y * params.stride;
  if (at >= params.N * N4) {
    return;
  }
  let a = at / N4;
  let p4 = at % N4;
  let row = a * N4;
  let label = labels[a / 4u][a % 4u];
  var found = vec4f();
  for (var lane = 0u; lane < 4u; lane++) {
    let p = 4u * p4 + lane;
    if (p >= params.N) {
      continue;
    }
    found[lane] = -1.0;
    if (p == a || labels[p4][lane] != label) {
      continue;
    }
    let positive = distances[at][lane];
#if ${hard}
    var nearest = 0x1.fffffep+127f;
    for (var n4 = 0u; n4 < N4; n4++) {
      let fits = candidates(row, n4, label, positive);
      let four = distances[row + n4];
      for (var i = 0u; i < 4u; i++) {
        if (fits[i] && four[i] < nearest) {
          nearest = four[i];
          found[lane] = f32(4u * n4 + i);
        }
      }
    }
#else
    var count = 0u;
    for (var n4 = 0u; n4 < N4; n4++) {
      let fits = select(vec4u(), vec4u(1u), candidates(row, n4, label, positive));
      count += fits.x + fits.y + fits.z + fits.w;
    }
    if (count == 0u) {
      continue;
    }
    // How many candidates lie before the chosen one.
    var left = hash32(params.seed, a * params.N + p) % count;
    for (var n4 = 0u; n4 < N4; n4++) {
      let fits = candidates(row, n4, label, positive);
      for (var i = 0u; i < 4u; i++) {
        if (fits[i]) {
          if (left == 0u) {
            found[lane] = f32(4u * n4 + i);
          }
          // Below 0 it wraps around, to a number that is never counted down to 0 again.
          left -= 1u;
        }
      }
    }
#endif
  }
  negatives[at] = found;
}
`;
}
