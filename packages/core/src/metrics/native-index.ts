import { maxScale } from './layout.ts';

const doubles = new Float64Array(1);
const words = new Uint32Array(doubles.buffer);
const bias = 1023;
const exponentOne = bias << 20;
const mantissaMask = 0xfffff;

/** Bounds of the finest buckets between 1 and 2. */
const perOctave = 2 ** maxScale;
const bounds: Float64Array = Float64Array.from({ length: perOctave + 1 }, (_, i) => 2 ** (i / perOctave));

/** Of each 1024th between 1 and 2 the number of bounds below its start: no 1024th has more than one bound in it. */
const slotBits = 10;
const boundsBelow: Uint16Array = Uint16Array.from({ length: 2 ** slotBits }, (_, slot) => {
  const start = 1 + slot / 2 ** slotBits;
  return bounds.findIndex((bound) => bound >= start);
});

/**
 * Index of the base-2 exponential bucket that holds a value: the i with 2^(i/2^scale) < value <= 2^((i+1)/2^scale).
 * Exact, so that a coarser scale's buckets are pairs of the finer one's. Two look-ups instead of a logarithm.
 * @param value > 0, finite, normal
 * @param scale -4 … 8
 */
export function nativeIndex(value: number, scale: number): number {
  doubles[0] = value;
  const high = words[1] as number;
  const exponent = (high >>> 20) - bias;
  const below = boundsBelow[(high & mantissaMask) >>> (20 - slotBits)] as number;
  words[1] = exponentOne | (high & mantissaMask);
  const isAbove = (doubles[0] as number) > (bounds[below] as number);
  const finest = exponent * perOctave + (isAbove ? below : below - 1);
  return finest >> (maxScale - scale);
}
