// Dispatch params as bytes.
import { KernelError } from '../base/errors.js';
import type { Dispatch } from '../gpu/kernel.js';

/** WebGPU's largest minUniformBufferOffsetAlignment. */
export const UNIFORM_STRIDE = 256;

/** Params in the kernel's order, 4 bytes each, padded to 16. Every value must be given and in range. */
export function encodeParams(d: Dispatch<unknown>): Uint32Array {
  const types = Object.entries(d.kernel.params);
  const words = new Uint32Array(Math.max(4, Math.ceil(types.length / 4) * 4));
  const floats = new Float32Array(words.buffer);
  for (const [i, [name, type]] of types.entries()) {
    const value = d.params[name];
    if (value === undefined) throw new KernelError(`${d.label}: param ${name} is missing`);
    if (type === 'f32') floats[i] = value;
    else if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) words[i] = value;
    else throw new KernelError(`${d.label}: param ${name} must be a u32, got ${value}`);
  }
  return words;
}
