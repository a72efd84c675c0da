// The two 16-bit float formats, bit by bit: weights travel in them, and every engine must round alike.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Value of the IEEE 754 binary16 number with these 16 bits; exact. */
export function halfToFloat(half: number): number {
  const magnitude = half & 0x7fff;
  if (magnitude < 0x400) return (half & 0x8000 ? -1 : 1) * magnitude * 2 ** -24;
  // The exponent bias moves from 15 to 127; infinity's and NaN's exponent from 31 to 255.
  const bias = magnitude < 0x7c00 ? 112 : 224;
  bits[0] = ((half & 0x8000) << 16) | ((magnitude << 13) + (bias << 23));
  return float[0]!;
}

/** The 16 bits of the binary16 number nearest to an f32 value, ties to even; from 65520 on it is infinity. */
export function floatToHalf(value: number): number {
  float[0] = value;
  const pattern = bits[0]!;
  const sign = (pattern >>> 16) & 0x8000;
  const magnitude = pattern & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 2^16 and above: infinity. What lies between 65520 and 2^16 gets there by the carry below.
  if (magnitude >= 0x47800000) return sign | 0x7c00;
  // From 2^-14 on binary16 is normal: move the exponent bias from 127 to 15, drop 13 fraction bits.
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - 0x38000000, 13);
  const exponent = magnitude >>> 23;
  // Below 2^-25, half of the smallest subnormal, all is zero.
  if (exponent < 102) return sign;
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** Value of the bfloat16 number with these 16 bits (the upper half of an f32); exact. */
export function bfloatToFloat(bfloat: number): number {
  bits[0] = bfloat << 16;
  return float[0]!;
}

/** The 16 bits of the bfloat16 number nearest to an f32 value, ties to even. */
export function floatToBfloat(value: number): number {
  float[0] = value;
  const pattern = bits[0]!;
  // A NaN whose payload lies in the lower half alone would turn into infinity: set the quiet bit.
  if ((pattern & 0x7fffffff) > 0x7f800000) return (pattern >>> 16) | 0x40;
  return roundShift(pattern, 16);
}

/** `integer >> shift`, rounded to nearest, ties to even; the carry may run into the exponent, as it should. */
function roundShift(integer: number, shift: number): number {
  const quotient = integer >>> shift;
  const rest = integer & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return rest > middle || (rest === middle && quotient & 1) ? quotient + 1 : quotient;
}
