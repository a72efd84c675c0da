import { type OuterTile, outerMemory, outerPlace, outerSums, outerThreads } from './outer_tile.js';
import { fullGrid, upperTriangle } from './triangle.js';
import { unroll } from './unroll.js';
import { wgsl } from './wgsl.js';

export type NtReduceTiledVariant = OuterTile & {
  /** b is a: bound once, and only tiles on or above the diagonal are computed. */
  symmetric: boolean;
};

/**
 * Products of two stacks of planes, summed over a range of pixels, as nt_reduce, by tiles of channels:
 *   partials[split,i,j] = sum_{p in split} a[n,i,p] * b[n,j,p]
 * The zero border counts as pixels: it adds nothing, and makes every plane one contiguous range.
 */
export function ntReduceTiled(v: NtReduceTiledVariant): string {
  const b = v.symmetric ? 'a' : 'b';
  const B4 = v.symmetric ? 'A4' : 'B4';
  // Tiles past the last channel read the last one again; the last pixel of a plane is border, which adds zero.
  const at = (name: string, blocks: string, first: string) => (step: string, vec4: string) =>
    `${name}[(n * params.${blocks} + min(${first} + ${vec4}, params.${blocks} - 1u)) * params.plane + min(begin + ${step}, params.plane - 1u)]`;
  return wgsl`
@group(0) @binding(1) var<storage, read> a: array<vec4f>; // [N][A4][plane]
#if ${v.symmetric}
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>; // [N*chunks][4*A4][A4]
#else
@group(0) @binding(2) var<storage, read> b: array<vec4f>; // [N][B4][plane]
@group(0) @binding(3) var<storage, read_write> partials: array<vec4f>; // [N*chunks][4*A4][B4]
#endif

${outerMemory(v)}

@compute @workgroup_size(${outerThreads(v)})
fn main(@builtin(workgroup_id) workgroup_id: vec3u, @builtin(local_invocation_id) local_id: vec3u) {
  let block = workgroup_id.x;
  let width = (params.${B4} + ${v.columns - 1}u) / ${v.columns}u;
  ${v.symmetric ? upperTriangle() : fullGrid()}
  let row0 = row * ${v.rows}u;
  let column0 = column * ${v.columns}u;
  let n = workgroup_id.y / params.chunks;
  let begin = workgroup_id.y % params.chunks * params.chunk;
  let turns = params.chunk / ${v.depth}u;

  ${outerSums(v, { at: at('a', 'A4', 'row0'), along: 'steps' }, { at: at(b, B4, 'column0'), along: 'steps' }, 'turns')}

  let first = workgroup_id.y * 4u * params.A4;
  ${unroll(4 * v.perRow * v.perColumn, (e) => {
    const place = outerPlace(v, e);
    return `{
    let i = 4u * row0 + ${place.row};
    let j = column0 + ${place.column};
    if (i < 4u * params.A4 && j < params.${B4}) {
      partials[(first + i) * params.${B4} + j] = acc${e};
    }
  }`;
  })}
}
`;
}
