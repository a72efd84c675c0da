import { wgsl } from './wgsl.js';

/** What a pair must exceed in y.s to be kept. */
const LEAST_CURVATURE = 1e-10;

/**
 * Takes the candidate pair into the history where y.s > 1e-10, then runs the two-loop recursion (Nocedal 1980) on
 * coefficients instead of vectors (Chen, Wang and Zhou 2014): the step is
 *   t * (sum_j cs[j] S_j + cy[j] Y_j + cg g),   coefficients = t * (cs, cy, cg)
 * One thread: the work is of the order of history^2.
 */
export function lbfgsDirection(): string {
  return wgsl`
@group(0) @binding(1) var<storage, read> products: array<f32>;           // [slots][8], see lbfgs_products
@group(0) @binding(2) var<storage, read_write> state: array<f32>;        // started, next, count, H0
@group(0) @binding(3) var<storage, read_write> history: array<f32>;      // [2][slots][slots]: S_i.Y_j, Y_i.Y_j
@group(0) @binding(4) var<storage, read_write> coefficients: array<f32>; // cs [slots], cy [slots], cg, alpha [slots]

@compute @workgroup_size(1)
fn main() {
  let slots = params.slots;
  let YY = slots * slots;
  let CY = slots;
  let CG = 2u * slots;
  let ALPHA = 2u * slots + 1u;
  let started = state[0] > 0.0;
  var next = u32(state[1]);
  var count = u32(state[2]);
  var h0 = state[3];

  let curvature = products[8u * next];
  if (started && curvature > ${LEAST_CURVATURE}) {
    for (var j = 0u; j < slots; j++) {
      history[next * slots + j] = products[8u * j];
      history[YY + next * slots + j] = products[8u * j + 2u];
      history[YY + j * slots + next] = products[8u * j + 2u];
    }
    for (var j = 0u; j < slots; j++) {
      history[j * slots + next] = products[8u * j + 1u];
    }
    h0 = curvature / products[8u * next + 2u];
    // One slot more than the history holds is free for the next candidate.
    next = (next + 1u) % slots;
    count = min(count + 1u, slots - 1u);
  }

  for (var j = 0u; j < 2u * slots; j++) {
    coefficients[j] = 0.0;
  }
  // First loop, newest pair first: q = -g - sum alpha_j Y_j.
  for (var i = 0u; i < count; i++) {
    let slot = (next + slots - 1u - i) % slots;
    var product = -products[8u * slot + 3u];
    for (var k = 0u; k < i; k++) {
      let newer = (next + slots - 1u - k) % slots;
      product += coefficients[CY + newer] * history[slot * slots + newer];
    }
    let alpha = product / history[slot * slots + slot];
    coefficients[ALPHA + slot] = alpha;
    coefficients[CY + slot] = -alpha;
  }
  for (var j = 0u; j < slots; j++) {
    coefficients[CY + j] *= h0;
  }
  // Second loop, oldest pair first: r = H0 q + sum (alpha_j - beta_j) S_j.
  for (var i = count; i > 0u; i--) {
    let slot = (next + slots - i) % slots;
    var product = -h0 * products[8u * slot + 4u];
    for (var k = 0u; k < count; k++) {
      let other = (next + slots - 1u - k) % slots;
      product += coefficients[CY + other] * history[YY + slot * slots + other];
    }
    for (var k = count; k > i; k--) {
      let older = (next + slots - k) % slots;
      product += coefficients[older] * history[older * slots + slot];
    }
    coefficients[slot] = coefficients[ALPHA + slot] - product / history[slot * slots + slot];
  }

  var t = params.learningRate;
  if (!started) {
    t /= max(1.0, products[5]);
  }
  for (var j = 0u; j < 2u * slots; j++) {
    coefficients[j] *= t;
  }
  coefficients[CG] = -t * h0;
  state[0] = 1.0;
  state[1] = f32(next);
  state[2] = f32(count);
  state[3] = h0;
}
`;
}
