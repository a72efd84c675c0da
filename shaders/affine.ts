// Where an output pixel of an affine warp lies in the input.

export type WarpVariant = {
  /** What lies outside of the picture: zeros, or its edge pixels. */
  mode: 'zero' | 'replicate';
};

/**
 * WGSL: `position` of output pixel (q, p) under one row of the matrix, held so near to the picture that it may
 * become a whole number: two pixels away all is zero, and beyond the edge pixel all is alike.
 */
export function positionFunction({ mode }: WarpVariant): string {
  const [low, high] = mode === 'zero' ? ['-2.0', 'f32(extent) + 1.0'] : ['0.0', 'f32(extent) - 1.0'];
  return `fn position(row: vec4f, q: u32, p: u32, extent: u32) -> f32 {
  return clamp(row.x * f32(q) + row.y * f32(p) + row.z, ${low}, ${high});
}`;
}
