import { Tensor } from 'onnxruntime-node';
import type { TensorData, Tensors } from '../tensor/types.ts';
import { halfTensor } from './half-tensor.ts';

/** A tensor that a session can be fed with. */
export function toOnnx({ type, dims, data }: TensorData): Tensor {
  if (type === 'float16') return halfTensor(data as Uint16Array, dims);
  return new Tensor(type as 'float32', data as Float32Array, dims);
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
