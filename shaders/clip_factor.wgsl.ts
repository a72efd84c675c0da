import { wgsl } from './wgsl.js';

/**
 * From the sum of squares of all gradients to the factor that they are multiplied by (Pascanu et al., arXiv 1211.5063,
 * algorithm 1):
 *   norm = gain * sqrt(total);  factor = gain * min(1, limit / norm), and -1 where the norm is not finite
 * with gain = 1 / (number of gradients that were added up).
 */
export function clipFactor(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> total: array<vec4f>;         // [1]
@group(0) @binding(2) var<storage, read_write> factors: array<vec4f>; // [4]: factor, norm, 0, 0

@compute @workgroup_size(1)
fn main() {
  let norm = params.gain * sqrt(total[0].x);
  var factor = params.gain;
  if (norm > params.limit) {
    factor *= params.limit / norm;
  }
  // By its bits: a compiler may take for granted that a number is finite.
  if ((bitcast<u32>(norm) & 0x7f800000u) == 0x7f800000u) {
    factor = -1.0;
  }
  factors[0] = vec4f(factor, norm, 0.0, 0.0);
}
`;
}
