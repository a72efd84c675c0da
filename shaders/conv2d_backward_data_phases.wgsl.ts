import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { type Load, operand } from './operand.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvPhasesVariant = Finish & {
  /** Pixels (of one phase) and input channel blocks (vec4) per thread. */
  tileT: number;
  tileK: number;
  /** Lanes of the subgroup that loads the weights together: a workgroup. */
  lanes: number;
  /** What dy is read from. */
  load: Load;
};

/**
 * Data gradient of a convolution with any stride, phase by phase:
 *   dx[n,c,h,w] = sum_{k,r,s} weight[k,c,r,s] * dy[n,k,(h+pad-r)/stride,(w+pad-s)/stride]
 * All pixels with one remainder of h and of w by the stride are reached by the same taps, so that lanes never part and
 * share the weights. Pixels of all pictures are counted in one row, so that small maps fill the lanes.
 */
export function conv2dBackwardDataPhases(v: ConvPhasesVariant): string {
  const perStep = 4 * v.tileK;
  const tiles = (body: (t: number) => string) => unroll(v.tileT, body);
  return wgsl`
enable subgroups;
${operand('dy', 1, v.load, '[N][K4][P+2][Q+2]')}
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;   // flipped: [R*S][4*K4][C4]
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>; // [N][C4][H+2][W+2]
${finishOperands(v, 4)}

const TILE_T = ${v.tileT}u;
const TILE_K = ${v.tileK}u;

// The first flipped tap that reaches pixels of a phase, and where it reads dy relative to their place in the phase.
struct Reach { first: u32, offset: i32 }

fn reach_of(phase: u32, taps: u32) -> Reach {
  let stride = i32(params.stride);
  let e = i32(phase + params.pad) - i32(taps) + 1;
  let first = (stride - e % stride) % stride;
  return Reach(u32(first), (e + first) / stride);
}

@compute @workgroup_size(${v.lanes})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let phaseH = workgroup_id.z / params.stride;
  let phaseW = workgroup_id.z % params.stride;
  let rows = (params.H + params.stride - 1u) / params.stride;
  let columns = (params.W + params.stride - 1u) / params.stride;
  let count = params.N * rows * columns;
  let first = workgroup_id.x * ${v.lanes * v.tileT}u + local_id.x;
  let c0 = workgroup_id.y * TILE_K;
  let pitchY = params.Q + ${2 * HALO}u;
  let planeY = (params.P + ${2 * HALO}u) * pitchY;
  let down = reach_of(phaseH, params.R);
  let right = reach_of(phaseW, params.S);
  // Threads past the end compute the last pixel again: subgroup operations need all lanes.
  ${tiles(
    (t) => `let i${t} = min(first + ${t * v.lanes}u, count - 1u);
  let plane${t} = i${t} / (rows * columns) * params.K4 * planeY;
  let row${t} = i32(i${t} / columns % rows) + down.offset;
  let column${t} = i32(i${t} % columns) + right.offset;`,
  )}

  ${unroll(v.tileT * v.tileK, (e) => `var acc${e} = vec4f();`)}
  var y = 0;
  for (var r = down.first; r < params.R; r += params.stride) {
    var x = 0;
    for (var s = right.first; s < params.S; s += params.stride) {
      // Whatever lies outside dy is the zero of its border.
      ${tiles(
        (t) =>
          `let at${t} = plane${t} + u32(clamp(row${t} + y, -1, i32(params.P)) + ${HALO}) * pitchY + u32(clamp(column${t} + x, -1, i32(params.Q)) + ${HALO});`,
      )}
      for (var k4 = 0u; k4 < params.K4; k4++) {
        ${tiles((t) => `let v${t} = load_dy(at${t} + k4 * planeY);`)}
        let row = ((r * params.S + s) * params.K4 + k4) * 4u;
        ${unroll(Math.ceil(perStep / v.lanes), (g) => weightLoad(v, g))}
        ${unroll(v.tileK, (m) => products(v, m))}
      }
      x++;
    }
    y++;
  }

  let pitch = params.W + ${2 * HALO}u;
  var sums = array<vec4f, ${v.tileT * v.tileK}>(${unroll(v.tileT * v.tileK, (e) => `acc${e}`, ', ')});
  for (var t = 0u; t < TILE_T; t++) {
    let i = first + t * ${v.lanes}u;
    let h = i / columns % rows * params.stride + phaseH;
    let w = i % columns * params.stride + phaseW;
    for (var m = 0u; m < TILE_K; m++) {
      let c4 = c0 + m;
      if (i < count && h < params.H && w < params.W && c4 < params.C4) {
        let plane = (i / (rows * columns) * params.C4 + c4) * (params.H + ${2 * HALO}u);
        let place = (plane + h + ${HALO}u) * pitch + w + ${HALO}u;
        dx[place] = ${finished(v, 'sums[t * TILE_K + m]', 'place')};
      }
    }
  }
}
`;
}

/** Element i of a step is output channel i / tileK and input block i % tileK; lanes beyond the last load it again. */
function weightLoad(v: ConvPhasesVariant, g: number): string {
  const last = 4 * v.tileK - 1;
  return `let e${g} = min(local_id.x + ${g * v.lanes}u, ${last}u);
        let w${g} = weight[(row + e${g} / TILE_K) * params.C4 + min(c0 + e${g} % TILE_K, params.C4 - 1u)];`;
}

/** Products of one block of input channels, four output channels deep, for all pixels. */
function products(v: ConvPhasesVariant, m: number): string {
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
