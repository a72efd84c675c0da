import { HALO } from '../src/base/layout.js';
import { wgsl } from './wgsl.js';

export type AugmentVariant = {
  /** True: x has one number a pixel, red + 256 green + 65536 blue, each 0..255. False: an image of 0..1. */
  packed: boolean;
};

/**
 * A window of a picture, perhaps mirrored, blurred and recoloured, with a rectangle of one grey; each sample by its own
 * recipe, which counts pixels of y:
 *   b[c,p,q] = sum_{i,j in -2..2} g[i] g[j] x[n,c,top+p+i,left+q+j],  g = (w2, w1, 1-2w1-2w2, w1, w2), edges repeated,
 *              q counted from the right where mirrored
 *   y[n,:,p,q] = clamp(colour b[:,p,q] + offset, 0, 1), or grey where row0 <= p < row1 and column0 <= q < column1
 */
export function augmentForward(v: AugmentVariant): string {
  return wgsl`
#if ${v.packed}
@group(0) @binding(1) var<storage, read> x: array<f32>;         // [N][H][4 ceil(W/4)]
#else
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [N][1][H+2][W+2]
#endif
// [N][6]: (top, left, mirrored, grey), three rows of (colour, offset), (w1, w2, -, -), (row0, column0, row1, column1)
@group(0) @binding(2) var<storage, read> recipe: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [N][1][P+2][Q+2]

fn pixel(n: u32, row: i32, column: i32) -> vec3f {
  let h = u32(clamp(row, 0, i32(params.H) - 1));
  let w = u32(clamp(column, 0, i32(params.W) - 1));
#if ${v.packed}
  let rgb = u32(x[(n * params.H + h) * params.pitch + w]);
  return vec3f(f32(rgb & 255u), f32((rgb >> 8u) & 255u), f32(rgb >> 16u)) / 255.0;
#else
  return x[(n * (params.H + ${2 * HALO}u) + h + ${HALO}u) * params.pitch + w + ${HALO}u].xyz;
#endif
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let q = global_id.x;
  let p = global_id.y;
  if (q >= params.Q || p >= params.P) {
    return;
  }
  let n = global_id.z;
  let place = recipe[6u * n];
  let row = i32(place.x) + i32(p);
  let column = i32(place.y) + i32(select(q, params.Q - 1u - q, place.z > 0.5));
  let weights = recipe[6u * n + 4u].xy;
  var b = vec3f();
  if (weights.x == 0.0 && weights.y == 0.0) {
    b = pixel(n, row, column);
  } else {
    for (var i = -2; i <= 2; i++) {
      var line = vec3f();
      for (var j = -2; j <= 2; j++) {
        line += weight(weights, j) * pixel(n, row + i, column + j);
      }
      b += weight(weights, i) * line;
    }
  }
  let colour = vec4f(b, 1.0);
  var value = vec3f(
    dot(recipe[6u * n + 1u], colour),
    dot(recipe[6u * n + 2u], colour),
    dot(recipe[6u * n + 3u], colour),
  );
  value = clamp(value, vec3f(), vec3f(1.0));
  let hidden = recipe[6u * n + 5u];
  let at = vec2f(f32(p), f32(q));
  if (all(at >= hidden.xy) && all(at < hidden.zw)) {
    value = vec3f(place.w);
  }
  y[(n * (params.P + ${2 * HALO}u) + p + ${HALO}u) * (params.Q + ${2 * HALO}u) + q + ${HALO}u] = vec4f(value, 0.0);
}

fn weight(weights: vec2f, i: i32) -> f32 {
  switch (abs(i)) {
    case 0: { return 1.0 - 2.0 * weights.x - 2.0 * weights.y; }
    case 1: { return weights.x; }
    default: { return weights.y; }
  }
}
`;
}
