import { HALO } from '../src/base/layout.js';
import { type Finish, finished, finishOperands } from './finish.js';
import { outputPlace, tapWalk, windowLoads } from './tap.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type ConvTiledVariant = Finish & {
  /** Output pixels and output channel blocks (vec4) that a workgroup computes. */
  pixels: number;
  blocks: number;
  /** The same per thread: pixels lie pixels/perPixel apart, channel blocks side by side. */
  perPixel: number;
  perBlock: number;
  /** Blocks of four input channels (of one tap each) that are in workgroup memory at a time. */
  depth: number;
  /** Factors in workgroup memory and the filter in f16, both scaled by a power of two; sums are f32. */
  half: boolean;
  /** The border of one zero pixel covers every window, so that no load needs a bounds check. */
  inside: boolean;
  bias: boolean;
  relu: boolean;
};

/**
 * 2-D convolution (cross-correlation) with bias and ReLU as an implicit matrix product, pixels by channels:
 *   y[n,k,p,q] = act(bias[k] + sum_{r,s,c} weight[k,c,r,s] * x[n,c, p*stride+r-pad, q*stride+s-pad])
 * A workgroup stages the factors of `depth` blocks of the sum in workgroup memory, in two halves: while one is read,
 * the next is loaded, and one barrier a turn parts them. As a data gradient it is finished as `Finish` says.
 */
export function conv2dTiled(v: ConvTiledVariant): string {
  const threads = (v.pixels / v.perPixel) * (v.blocks / v.perBlock);
  const xLoads = (v.depth * v.pixels) / threads;
  const wLoads = (v.depth * 4 * v.blocks) / threads;
  const factor = v.half ? 'vec4<f16>' : 'vec4f';
  const [biasAt, yAt] = [v.half ? 5 : 3, (v.half ? 5 : 3) + (v.bias ? 1 : 0)];
  const load = `${unroll(xLoads, (i) => `xIn${i} = select(vec4f(), x[pixel_at(origin, tap${i})], tap${i}.r < params.R);`)}
      ${unroll(wLoads, (i) => `wIn${i} = weight[min(row${i}, rows - 1u) * pitchW + kIn];`)}`;
  const stage = (half: string) =>
    `${unroll(xLoads, (i) => `xs[${half} * X_SIZE + local_id.x + ${i * threads}u] = ${v.half ? `vec4<f16>(xIn${i} * scaleX[0].x)` : `xIn${i}`};`)}
      ${unroll(wLoads, (i) => `ws[${half} * W_SIZE + local_id.x + ${i * threads}u] = wIn${i};`)}`;
  return wgsl`
#if ${v.half}
enable f16;
#endif
@group(0) @binding(1) var<storage, read> x: array<vec4f>;      // [N][C4][H+2][W+2]
#if ${v.half}
@group(0) @binding(2) var<storage, read> weight: array<vec4<f16>>; // [R*S][4*C4][2*ceil(K4/2)]
@group(0) @binding(3) var<storage, read> scaleX: array<vec4f>; // [2]: the scale and its inverse
@group(0) @binding(4) var<storage, read> scaleW: array<vec4f>; // [2]
#else
@group(0) @binding(2) var<storage, read> weight: array<vec4f>; // [R*S][4*C4][K4]
#endif
#if ${v.bias}
@group(0) @binding(${biasAt}) var<storage, read> bias: array<vec4f>; // [K4]
#endif
@group(0) @binding(${yAt}) var<storage, read_write> y: array<vec4f>; // [N][K4][P+2][Q+2]
${finishOperands(v, yAt + 1)}

const X_SIZE = ${v.depth * v.pixels}u;
const W_SIZE = ${v.depth * 4 * v.blocks}u;
var<workgroup> xs: array<${factor}, ${2 * v.depth * v.pixels}>;     // [2][depth][pixels]
var<workgroup> ws: array<${factor}, ${2 * v.depth * 4 * v.blocks}>; // [2][4*depth][blocks]

${tapWalk()}

${windowLoads(HALO, v.inside)}

${outputPlace(HALO)}

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let pixels = params.N * params.P * params.Q;
  let first = (workgroup_id.z * params.gridX + workgroup_id.x) * ${v.pixels}u;
  let k0 = workgroup_id.y * ${v.blocks}u;
  let rows = params.R * params.S * params.C4 * 4u;
  let turns = (params.R * params.S * params.C4 + ${v.depth - 1}u) / ${v.depth}u;
  // Threads past the last pixel or channel load the last one again and store nothing.
  let origin = origin_of(min(first + local_id.x % ${v.pixels}u, pixels - 1u));
  let kIn = min(k0 + local_id.x % ${v.blocks}u, params.K4 - 1u);
#if ${v.half}
  let pitchW = (params.K4 + 1u) / 2u * 2u;
#else
  let pitchW = params.K4;
#endif
  ${unroll(xLoads, (i) => `var tap${i} = advance(Tap(), local_id.x / ${v.pixels}u + ${(i * threads) / v.pixels}u);`)}
  ${unroll(wLoads, (i) => `var row${i} = local_id.x / ${v.blocks}u + ${(i * threads) / v.blocks}u;`)}
  let column = local_id.x % ${v.pixels / v.perPixel}u;
  let block = local_id.x / ${v.pixels / v.perPixel}u * ${v.perBlock}u;

  ${unroll(v.perPixel * v.perBlock, (i) => `var acc${i} = vec4f();`)}
  ${unroll(xLoads, (i) => `var xIn${i}: vec4f;`)}
  ${unroll(wLoads, (i) => `var wIn${i}: ${factor};`)}
  ${load}
  ${stage('0u')}
  for (var turn = 0u; turn < turns; turn++) {
    workgroupBarrier();
    let here = turn & 1u;
    // The next factors are on their way while these are multiplied.
    if (turn + 1u < turns) {
      ${unroll(xLoads, (i) => `tap${i} = advance(tap${i}, ${v.depth}u);`)}
      ${unroll(wLoads, (i) => `row${i} += ${4 * v.depth}u;`)}
      ${load}
    }
    for (var d = 0u; d < ${v.depth}u; d++) {
      ${unroll(v.perPixel, (i) => `let x${i} = vec4f(xs[here * X_SIZE + d * ${v.pixels}u + column + ${(i * v.pixels) / v.perPixel}u]);`)}
      ${unroll(v.perBlock, (j) => blockProducts(v, j))}
    }
    if (turn + 1u < turns) {
      ${stage('(1u - here)')}
    }
  }

  ${unroll(v.perPixel, (i) => stores(v, i))}
}
`;
}

/** Products of one block of output channels, four input channels deep. */
function blockProducts(v: ConvTiledVariant, j: number): string {
  const weights = unroll(
    4,
    (c) => `let w${j}_${c} = vec4f(ws[here * W_SIZE + (4u * d + ${c}u) * ${v.blocks}u + block + ${j}u]);`,
  );
  const sums = unroll(v.perPixel, (i) => {
    const acc = `acc${i * v.perBlock + j}`;
    return `${acc} = ${acc} + x${i}.x * w${j}_0 + x${i}.y * w${j}_1 + x${i}.z * w${j}_2 + x${i}.w * w${j}_3;`;
  });
  return `${weights}\n${sums}`;
}

/** Stores one pixel's channels, scaled back, with bias and ReLU, finished. */
function stores(v: ConvTiledVariant, i: number): string {
  return `{
    let at = first + column + ${(i * v.pixels) / v.perPixel}u;
    if (at < pixels) {
      ${unroll(v.perBlock, (j) => {
        const sum = `acc${i * v.perBlock + j}${v.half ? ' * scaleX[0].y * scaleW[0].y' : ''}${v.bias ? ` + bias[k]` : ''}`;
        return `{
        let k = k0 + block + ${j}u;
        if (k < params.K4) {
          let place = output_at(at, k);
          y[place] = ${finished(v, v.relu ? `max(${sum}, vec4f())` : sum, 'place')};
        }
      }`;
      })}
    }
  }`;
}
