import { wgsl } from './wgsl.js';

/** Sums of a block: ratios[b] = error / (energy + epsilon), energies[b] = energy + epsilon. */
export function gramErrorBlocks(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> rows: array<vec4f>;           // [M]: error, energy
@group(0) @binding(2) var<storage, read_write> ratios: array<vec4f>;   // [B]
@group(0) @binding(3) var<storage, read_write> energies: array<vec4f>; // [B]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let b = global_id.x + global_id.y * params.stride;
  if (b >= params.count) {
    return;
  }
  var sum = vec4f();
  for (var i = b * params.n; i < (b + 1u) * params.n; i++) {
    sum += rows[i];
  }
  let energy = sum.y + params.epsilon;
  ratios[b] = vec4f(sum.x / energy, 0.0, 0.0, 0.0);
  energies[b] = vec4f(energy, 0.0, 0.0, 0.0);
}
`;
}
