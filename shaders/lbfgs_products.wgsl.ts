import { wgsl } from './wgsl.js';

/**
 * First stage, in fixed order, of the inner products of the new pair and the gradient with every pair (S_j, Y_j):
 *   partials[t,j] = (s.Y_j, y.S_j, y.Y_j, g.S_j), (g.Y_j, |g|_1, 0, 0)   over every splits-th vec4 from t on
 */
export function lbfgsProducts(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> s: array<vec4f>;              // [size]
@group(0) @binding(2) var<storage, read> y: array<vec4f>;              // [size]
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;       // [size]
@group(0) @binding(4) var<storage, read> S: array<vec4f>;              // [slots][size]
@group(0) @binding(5) var<storage, read> Y: array<vec4f>;              // [slots][size]
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>; // [splits][pitch], two vec4 a slot

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let thread = global_id.x + global_id.y * params.stride;
  let slot = thread / params.splits;
  let t = thread % params.splits;
  if (slot >= params.slots) {
    return;
  }
  var sY = vec4f();
  var yS = vec4f();
  var yY = vec4f();
  var gS = vec4f();
  var gY = vec4f();
  var gAbs = vec4f();
  for (var i = t; i < params.size; i += params.splits) {
    let g = gradient[i];
    let Si = S[slot * params.size + i];
    let Yi = Y[slot * params.size + i];
    sY += s[i] * Yi;
    yS += y[i] * Si;
    yY += y[i] * Yi;
    gS += g * Si;
    gY += g * Yi;
    gAbs += abs(g);
  }
  let ones = vec4f(1.0);
  let at = t * params.pitch + 2u * (params.first + slot);
  partials[at] = vec4f(dot(sY, ones), dot(yS, ones), dot(yY, ones), dot(gS, ones));
  partials[at + 1u] = vec4f(dot(gY, ones), dot(gAbs, ones), 0.0, 0.0);
}
`;
}
