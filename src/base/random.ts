// Counter-based random numbers: value i of a stream depends on (seed, i) alone, so any run can be resumed and split.
// `hash32` and `uniform` are integer arithmetic, the same bits on every engine; `normal` goes through Math.log and
// Math.cos, whose last bit ECMAScript leaves to the engine.

/** 32-bit hash of (seed, index): two rounds of the PCG-RXS-M-XS output permutation (O'Neill, 2014). */
export function hash32(seed: number, index: number): number {
  let state = (Math.imul(index ^ 0x9e3779b9, 747796405) + Math.imul(seed, 2891336453) + 277803737) >>> 0;
  for (let round = 0; round < 2; round++) {
    state = (Math.imul(state, 747796405) + 2891336453) >>> 0;
    const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
    state = ((word >>> 22) ^ word) >>> 0;
  }
  return state;
}

/** Uniform in [0,1) with 24 random bits, exactly representable in f32. */
export function uniform(seed: number, index: number): number {
  return (hash32(seed, index) >>> 8) / 16777216;
}

/** Standard normal by Box and Muller (1958), from uniforms 2*index and 2*index + 1, in float64. */
export function normal(seed: number, index: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, 2 * index)));
  return radius * Math.cos(2 * Math.PI * uniform(seed, 2 * index + 1));
}
