import { Tensor } from 'onnxruntime-node';

/**
 * A tensor of 16-bit floats that can be fed. Where JavaScript has a Float16Array, the runtime's `Tensor` makes one of the
 * bits, and its native part (1.30, Node 24) then reads it as empty: it takes the bits.
 * @param bits shape as `dims` says
 */
export function halfTensor(bits: Uint16Array, dims: readonly number[]): Tensor {
  const tensor = new Tensor('float16', bits, dims);
  Object.defineProperty(tensor, 'data', { value: bits });
  return tensor;
}

/** The same tensor, without a copy, in the form in which it can be fed. */
export function feedable(tensor: Tensor): Tensor {
  if (tensor.type !== 'float16') return tensor;
  const { buffer, byteOffset, length } = tensor.data as unknown as Uint16Array;
  return halfTensor(new Uint16Array(buffer, byteOffset, length), tensor.dims);
}
