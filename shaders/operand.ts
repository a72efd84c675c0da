// A tensor that a kernel reads as a buffer or, copied, as a texture: its declaration and its loads.
import { TEXTURE_WIDTH } from '../src/base/layout.js';

export type Load = 'buffer' | 'texture';

/** WGSL that declares `name` at `binding` and a function `load_<name>(i)` of its i-th vec4. */
export function operand(name: string, binding: number, load: Load, shape: string): string {
  if (load === 'buffer') {
    return `@group(0) @binding(${binding}) var<storage, read> ${name}: array<vec4f>; // ${shape}
fn load_${name}(i: u32) -> vec4f { return ${name}[i]; }`;
  }
  return `@group(0) @binding(${binding}) var ${name}: texture_storage_2d<rgba32float, read>; // ${shape}
fn load_${name}(i: u32) -> vec4f { return textureLoad(${name}, vec2u(i & ${TEXTURE_WIDTH - 1}u, i >> ${Math.log2(TEXTURE_WIDTH)}u)); }`;
}
