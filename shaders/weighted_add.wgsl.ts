import { wgsl } from './wgsl.js';

export type WeightedAddVariant = { terms: 1 | 2 };

/** Weighted sum of one or two tensors: y = alpha*a (+ beta*b), over whole buffers. */
export function weightedAdd(v: WeightedAddVariant): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> a: array<vec4f>;       // any layout
#if ${v.terms === 2}
@group(0) @binding(2) var<storage, read> b: array<vec4f>;       // as a
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // as a
#else
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>; // as a
#endif

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) global_id: vec3u) {
  let i = global_id.x + global_id.y * params.stride;
  if (i < params.count) {
    #if ${v.terms === 2}
    y[i] = params.alpha * a[i] + params.beta * b[i];
    #else
    y[i] = params.alpha * a[i];
    #endif
  }
}
`;
}
