/** Size that stands in for a matrix of zeros, whose square root needs no precision. */
const LEAST_SIZE = 1e-30;

/**
 * WGSL functions of the regularisation of M = R cov R, from `squares` (sum of squares of M) and `energy` (tr R^2):
 * w2_epsilon, and w2_size, no smaller than the largest eigenvalue of M + epsilon I. Beyond a condition of 2^22
 * rounding alone could make an eigenvalue negative and the iteration diverge, hence the floor under epsilon.
 */
export function w2Size(): string {
  return `fn w2_epsilon(squares: f32, energy: f32) -> f32 {
  return max(params.eps * energy * energy, ${2 ** -22} * sqrt(squares));
}

fn w2_size(squares: f32, energy: f32) -> f32 {
  return max(sqrt(squares) + w2_epsilon(squares, energy), ${LEAST_SIZE});
}`;
}
