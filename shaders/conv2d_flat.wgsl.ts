import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvFlatVariant = Finish & {
  /** Output pixels and output channel blocks (vec4) per thread. */
  tileT: number;
  tileK: number;
  /** Lanes of the subgroup that loads the weights together: a workgroup. */
  lanes: number;
  /** What x is read from. */
  load: Load;
  /** Pixels of y are `stride` windows apart in x, or (transposed) windows of y in x: a data gradient. */
  transposed: boolean;
  bias: boolean;
  relu: boolean;
};

/**
 * 2-D convolution with bias and ReLU, the pixels of all pictures counted in one row, so that small maps fill the lanes:
 *   y[n,k,p,q] = act(bias[k] + sum_{c,r,s} weight[k,c,r,s] * x[n,c, p*stride+r-pad, q*stride+s-pad])
 * or, transposed, the data gradient of one, whose gradient is x and whose flipped filter is weight:
 *   y[n,k,p,q] = sum_{c,r,s} weight[k,c,R-1-r,S-1-s] * x[n,c, (p+pad-r)/stride, (q+pad-s)/stride]
 * There all pixels with one remainder of p and of q by the stride (a phase) are reached by the same taps, so that lanes
 * never part. A subgroup loads the weights together. Finished as `Finish` says.
 */
export function conv2dFlat(v: ConvFlatVariant): string {
  const perStep = 4 * v.tileK;
  const tiles = (body: (t: number) => string) => unroll(v.tileT, body);
  const yAt = v.bias ? 4 : 3;
  const tapStep = v.transposed ? 'params.stride' : '1u';
  const sum = `sums[t * TILE_K + m]${v.bias ? ' + bias[k4]' : ''}`;
  return wgsl`
enable subgroups;
${operand('x', 1, v.load, '[N][C4][H+2][W+2]')}
@group(0) @binding(2) var<storage, read> weight: array<vec4f>; // [R*S][4*C4][K4]
#if ${v.bias}
@group(0) @binding(3) var<storage, read> bias: array<vec4f>; // [K4]
#endif
@group(0) @binding(${yAt}) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
${finishOperands(v, yAt + 1)}

const TILE_T = ${v.tileT}u;
const TILE_K = ${v.tileK}u;

// The first tap that reaches pixels of a phase, and where it reads x relative to their place in the phase.
struct Reach { first: u32, offset: i32 }

fn reach_of(phase: u32, taps: u32) -> Reach {
#if ${v.transposed}
  let stride = i32(params.stride);
  let e = i32(phase + params.pad) - i32(taps) + 1;
  let first = (stride - e % stride) % stride;
  return Reach(u32(first), (e + first) / stride);
#else
  return Reach(0u, -i32(params.pad));
#endif
}

@compute @workgroup_size(${v.lanes})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
#if ${v.transposed}
  let phaseP = workgroup_id.z / params.stride;
  let phaseQ = workgroup_id.z % params.stride;
  let rows = (params.P + params.stride - 1u) / params.stride;
  let columns = (params.Q + params.stride - 1u) / params.stride;
  let stepX = 1u;
  let stepY = params.stride;
#else
  let phaseP = 0u;
  let phaseQ = 0u;
  let rows = params.P;
  let columns = params.Q;
  let stepX = params.stride;
  let stepY = 1u;
#endif
  let count = params.N * rows * columns;
  let first = workgroup_id.x * ${v.lanes * v.tileT}u + local_id.x;
  let k0 = workgroup_id.y * TILE_K;
  let pitchX = params.W + ${2 * HALO}u;
  let planeX = (params.H + ${2 * HALO}u) * pitchX;
  let down = reach_of(phaseP, params.R);
  let right = reach_of(phaseQ, params.S);
  // Threads past the end compute the last pixel again: subgroup operations need all lanes.
  ${tiles(
    (t) => `let i${t} = min(first + ${t * v.lanes}u, count - 1u);
  let plane${t} = i${t} / (rows * columns) * params.C4 * planeX;
  let row${t} = i32(i${t} / columns % rows * stepX) + down.offset;
  let column${t} = i32(i${t} % columns * stepX) + right.offset;`,
  )}

  ${unroll(v.tileT * v.tileK, (e) => `var acc${e} = vec4f();`)}
  var below = 0;
  for (var r = down.first; r < params.R; r += ${tapStep}) {
    var beside = 0;
    for (var s = right.first; s < params.S; s += ${tapStep}) {
      // Whatever lies outside x is the zero of its border.
      ${tiles(
        (t) =>
          `let at${t} = plane${t} + u32(clamp(row${t} + below, -1, i32(params.H)) + ${HALO}) * pitchX + u32(clamp(column${t} + beside, -1, i32(params.W)) + ${HALO});`,
      )}
      for (var c4 = 0u; c4 < params.C4; c4++) {
        ${tiles((t) => `let v${t} = load_x(at${t} + c4 * planeX);`)}
        let weights = ((r * params.S + s) * params.C4 + c4) * 4u;
        ${unroll(Math.ceil(perStep / v.lanes), (g) => weightLoad(v, g))}
        ${unroll(v.tileK, (m) => products(v, m))}
      }
      beside++;
    }
    below++;
  }

  let pitch = params.Q + ${2 * HALO}u;
  var sums = array<vec4f, ${v.tileT * v.tileK}>(${unroll(v.tileT * v.tileK, (e) => `acc${e}`, ', ')});
  for (var t = 0u; t < TILE_T; t++) {
    let i = first + t * ${v.lanes}u;
    let p = i / columns % rows * stepY + phaseP;
    let q = i % columns * stepY + phaseQ;
    for (var m = 0u; m < TILE_K; m++) {
      let k4 = k0 + m;
      if (i < count && p < params.P && q < params.Q && k4 < params.K4) {
        let plane = (i / (rows * columns) * params.K4 + k4) * (params.P + ${2 * HALO}u);
        let place = (plane + p + ${HALO}u) * pitch + q + ${HALO}u;
        y[place] = ${finished(v, v.relu ? `max(${sum}, vec4f())` : sum, 'place')};
      }
    }
  }
}
`;
}

/** Element i of a step is input channel i / tileK and output block i % tileK; lanes beyond the last load it again. */
function weightLoad(v: ConvFlatVariant, g: number): string {
  const last = 4 * v.tileK - 1;
  return `let e${g} = min(local_id.x + ${g * v.lanes}u, ${last}u);
        let w${g} = weight[(weights + e${g} / TILE_K) * params.K4 + min(k0 + e${g} % TILE_K, params.K4 - 1u)];`;
}

/** Products of one block of output channels, four input channels deep, for all pixels. */
function products(v: ConvFlatVariant, m: number): string {
  const weights = unroll(4, (k) => {
    const i = k * v.tileK + m;
    return `let u${m}_${k} = subgroupShuffle(w${Math.floor(i / v.lanes)}, ${i % v.lanes}u);`;
  });
  const sums = unroll(v.tileT, (t) => {
    const acc = `acc${t * v.tileK + m}`;
    return `${acc} = ${acc} + v${t}.x * u${m}_0 + v${t}.y * u${m}_1 + v${t}.z * u${m}_2 + v${t}.w * u${m}_3;`;
  });
  return `${weights}\n${sums}`;
}
