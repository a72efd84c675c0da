import { wgsl } from './wgsl.js';

export type HalfScaleVariant = {
  /** One thread ends the search and writes the scale; else each thread writes the maximum of its part. */
  last: boolean;
};

/**
 * The power of two that moves the largest |x| into [2^14, 2^15), below f16's largest number, 65504, and its inverse:
 *   scale = 2^(14 - floor(log2(max |x|)))
 * Products with a power of two are exact, and a maximum does not depend on the order in which it is searched.
 */
export function halfScale(v: HalfScaleVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> x: array<vec4f>;       // [count], any layout
#if ${v.last}
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [2]: scale, 1 / scale
#else
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // [threads]: maxima
#endif

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let thread = global_id.x + global_id.y * params.stride;
  if (thread >= params.threads) {
    return;
  }
  var largest = vec4f();
  for (var i = thread; i < params.count; i += params.threads) {
    largest = max(largest, abs(x[i]));
  }
#if ${v.last}
  let pair = max(largest.xy, largest.zw);
  // Exponents as f32 stores them, 127 more than they are; the inverse must not be subnormal.
  let exponent = bitcast<u32>(max(pair.x, pair.y)) >> 23u;
  let moved = clamp(268u - exponent, 1u, 253u);
  y[0] = vec4f(bitcast<f32>(moved << 23u), bitcast<f32>((254u - moved) << 23u), 0.0, 0.0);
#else
  y[thread] = largest;
#endif
}
`;
}
