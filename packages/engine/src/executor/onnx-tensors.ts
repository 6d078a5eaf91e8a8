import { Tensor } from 'onnxruntime-node';
import type { TensorData, Tensors } from '../tensor/types.ts';

/** A tensor that a session can be fed with. */
export function toOnnx({ type, dims, data }: TensorData): Tensor {
  if (type === 'float16') return halfTensor(data as Uint16Array, dims);
  return new Tensor(type as 'float32', data as Float32Array, dims);
}

/**
 * The session's binding reads half precision from a Uint16Array alone, while the class puts a Float16Array in its place
 * where the runtime has one: "not enough space: expected 8, got 0".
 */
export function halfTensor(bits: Uint16Array, dims: readonly number[]): Tensor {
  const tensor = new Tensor('float16', bits, dims);
  (tensor as unknown as { cpuData: Uint16Array }).cpuData = bits;
  return tensor;
}

/** What a session gave, in a form that travels. */
export function fromOnnx({ type, dims, data }: Tensor): TensorData {
  const view = data as unknown as ArrayBufferView & { readonly length: number };
  const plain = type === 'float16' ? new Uint16Array(view.buffer, view.byteOffset, view.length) : data;
  return { type, dims: [...dims], data: plain as TensorData['data'] };
}

export function feedsOf(tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toOnnx(tensor)]));
}

export function tensorsOf(results: Readonly<Record<string, Tensor>>): Tensors {
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOnnx(tensor)]));
}
