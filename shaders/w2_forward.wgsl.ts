import { w2Size } from './w2_size.js';
import { wgsl } from './wgsl.js';

/**
 * Covariance part of the Wasserstein distance from the scaled root y = ((M + epsilon I) / size)^(1/2):
 *   loss = scale * (tr cov + energy - 2 sqrt(size) tr y)
 */
export function w2Forward(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> cov: array<vec4f>;        // [C][C4]
@group(0) @binding(2) var<storage, read> y: array<vec4f>;          // [C][C4]
@group(0) @binding(3) var<storage, read> squares: array<vec4f>;    // [1]
@group(0) @binding(4) var<storage, read> energy: array<vec4f>;     // [1]
@group(0) @binding(5) var<storage, read_write> loss: array<vec4f>; // [1]

${w2Size()}

@compute @workgroup_size(1)
fn main() {
  let C4 = (params.C + 3u) / 4u;
  var covariance = 0.0;
  var root = 0.0;
  for (var i = 0u; i < params.C; i++) {
    let at = i * C4 + i / 4u;
    covariance += cov[at][i % 4u];
    root += y[at][i % 4u];
  }
  let size = w2_size(squares[0].x, energy[0].x);
  loss[0] = vec4f(params.scale * (covariance + energy[0].x - 2.0 * sqrt(size) * root), 0.0, 0.0, 0.0);
}
`;
}
