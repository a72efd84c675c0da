// Dispatch params as bytes.
import { KernelError } from '../base/errors.js';
import type { Dispatch } from '../gpu/kernel.js';

/** WebGPU's largest minUniformBufferOffsetAlignment. */
export const UNIFORM_STRIDE = 256;

/**
 * Params in the kernel's order, 4 bytes each, padded to 16. KernelError unless every value is given and in
 * range and the kernel knows every name.
 */
export function encodeParams(d: Dispatch<unknown>): Uint32Array {
  const types = Object.entries(d.kernel.params);
  for (const name of Object.keys(d.params)) {
    if (!(name in d.kernel.params)) {
      throw new KernelError(
        `${d.label}: ${d.kernel.name} has no param ${name}; it has ${Object.keys(d.kernel.params).join(', ')}`,
      );
    }
  }
  const words = new Uint32Array(Math.max(4, Math.ceil(types.length / 4) * 4));
  const floats = new Float32Array(words.buffer);
  for (const [i, [name, type]] of types.entries()) {
    const value = d.params[name];
    if (value === undefined) throw new KernelError(`${d.label}: param ${name} is missing`);
    if (Number.isNaN(value)) throw new KernelError(`${d.label}: param ${name} is NaN`);
    if (type === 'f32') floats[i] = value;
    else if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) words[i] = value;
    else throw new KernelError(`${d.label}: param ${name} must be a u32, got ${value}`);
  }
  return words;
}
