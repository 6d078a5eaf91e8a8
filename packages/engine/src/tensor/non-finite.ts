import type { TensorData } from './types.ts';

/** Place of the first NaN or infinity among a tensor's elements; -1 if it has none, as types that are no floats. */
export function firstNonFinite({ type, data }: TensorData): number {
  switch (type) {
    case 'float32':
    case 'float64': {
      const numbers = data as Float32Array | Float64Array;
      for (let i = 0; i < numbers.length; i++) {
        const value = numbers[i] as number;
        // Only of finite numbers is this 0: one operation instead of a call an element.
        if (value - value !== 0) return i;
      }
      return -1;
    }
    case 'float16':
      return (data as Uint16Array).findIndex((bits) => (bits & 0x7c00) === 0x7c00);
    default:
      return -1;
  }
}
