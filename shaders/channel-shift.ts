// Blocks of four channels that begin in the middle of a block.

/** WGSL of `shifted(a, b, r)`: four neighbouring lanes, from lane r of a on, of the blocks a and b that follow each other. */
export function shiftedLanes(): string {
  return `fn shifted(a: vec4f, b: vec4f, r: u32) -> vec4f {
  switch (r) {
    case 1u: { return vec4f(a.yzw, b.x); }
    case 2u: { return vec4f(a.zw, b.xy); }
    case 3u: { return vec4f(a.w, b.xyz); }
    default: { return a; }
  }
}`;
}
