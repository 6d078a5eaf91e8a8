const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** The number that 16 bits of IEEE 754 half precision stand for. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** The 16 bits of the half precision number nearest to a value, of two equally near ones the even one. */
export function numberToHalf(value: number): number {
  float[0] = value;
  const bits = word[0] as number;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const shifted = exponent - 112;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted < -10) return sign;
  // Below the smallest normal number the leading one is written out, and more digits fall off.
  const mantissa = shifted <= 0 ? fraction | 0x800000 : fraction;
  const drop = shifted <= 0 ? 14 - shifted : 13;
  const half = (Math.max(shifted, 0) << 10) + (mantissa >>> drop);
  const rest = mantissa & (2 ** drop - 1);
  const middle = 2 ** (drop - 1);
  const up = rest > middle || (rest === middle && (half & 1) === 1);
  // Rounding up may carry into the exponent, which is then the right one.
  return sign | (half + (up ? 1 : 0));
}
