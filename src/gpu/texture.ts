// Tensors as storage textures: CPU rasterisers read a texel in half the time of a bounds-checked buffer element.
import { geometryOf, TEXTURE_WIDTH } from '../base/layout.js';
import { ceilDiv } from '../base/shape.js';
import type { Tensor } from '../base/tensor.js';
import type { Target } from './kernel.js';

const ROW_BYTES = TEXTURE_WIDTH * 16;

/** Rows of TEXTURE_WIDTH texels that hold `vec4s` vec4s. */
export function textureRows(vec4s: number): number {
  return ceilDiv(vec4s, TEXTURE_WIDTH);
}

/** Bytes of a texture of so many rows. */
export function textureBytes(rows: number): number {
  return rows * ROW_BYTES;
}

/** Bytes of what holds a pinned tensor: its buffer or its texture. */
export function heldBytes({ shape, layout, texture }: Tensor): number {
  const { bytes, vec4s } = geometryOf(shape, layout);
  return texture ? textureBytes(textureRows(vec4s)) : bytes;
}

/** Whether a tensor of `vec4s` vec4s may be bound as a texture. */
export function fitsTexture(target: Target, vec4s: number): boolean {
  return TEXTURE_WIDTH <= target.maxTextureSize && textureRows(vec4s) <= target.maxTextureSize;
}

/** Copies the first `vec4s` vec4s of a buffer into a texture of TEXTURE_WIDTH columns. */
export function encodeTextureCopy(
  encoder: GPUCommandEncoder,
  buffer: GPUBuffer,
  texture: GPUTexture,
  vec4s: number,
): void {
  const rows = Math.floor(vec4s / TEXTURE_WIDTH);
  const rest = vec4s % TEXTURE_WIDTH;
  if (rows > 0)
    encoder.copyBufferToTexture({ buffer, bytesPerRow: ROW_BYTES }, { texture }, [TEXTURE_WIDTH, rows]);
  // Buffers end with their tensor, so a partial last row is a copy of its own.
  if (rest > 0)
    encoder.copyBufferToTexture({ buffer, offset: rows * ROW_BYTES }, { texture, origin: [0, rows] }, [
      rest,
      1,
    ]);
}
