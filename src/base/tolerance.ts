// What two computations of one sum of products may differ by (docs/numerics.md).

/** The project's one factor in front of sqrt(K) * 2^-24 * sum |a_i b_i|. */
export const TOLERANCE_FACTOR = 4;

/** Largest relative error of one rounding to f32. */
export const UNIT_ROUNDOFF = 2 ** -24;
