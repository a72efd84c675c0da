// Random numbers in shaders: the same bits as src/base/random.ts.

/** WGSL of `hash32(seed, index)`: two rounds of the PCG-RXS-M-XS output permutation (O'Neill, 2014). */
export const HASH32 = `fn hash32(seed: u32, index: u32) -> u32 {
  var state = (index ^ 0x9e3779b9u) * 747796405u + seed * 2891336453u + 277803737u;
  for (var round = 0u; round < 2u; round++) {
    state = state * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    state = (word >> 22u) ^ word;
  }
  return state;
}`;
