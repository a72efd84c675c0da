import { w2Size } from './w2_size.js';
import { wgsl } from './wgsl.js';

/**
 * Gradient of the covariance part of the Wasserstein distance, from q = R z R with the scaled inverse root z:
 *   dcov = scale*dy[0] * (I - q / sqrt(size))
 */
export function w2Backward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> q: array<vec4f>;          // [C][C4]
@group(0) @binding(2) var<storage, read> squares: array<vec4f>;    // [1]
@group(0) @binding(3) var<storage, read> energy: array<vec4f>;     // [1]
@group(0) @binding(4) var<storage, read> dy: array<vec4f>;         // [1]
@group(0) @binding(5) var<storage, read_write> dcov: array<vec4f>; // [C][C4]

${w2Size()}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let at = global_id.x + global_id.y * params.stride;
  let C4 = (params.C + 3u) / 4u;
  if (at >= params.C * C4) {
    return;
  }
  let i = at / C4;
  var unit = vec4f();
  if (at % C4 == i / 4u) {
    unit[i % 4u] = 1.0;
  }
  let size = w2_size(squares[0].x, energy[0].x);
  dcov[at] = params.scale * dy[0].x * (unit - q[at] / sqrt(size));
}
`;
}
