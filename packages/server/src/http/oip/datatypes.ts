import type { TypedArray } from '@inferometer/engine';

/** The protocol's element types and ONNX's. BF16 has none: the runtime cannot load models that take it. */
const onnxOf: Readonly<Record<string, string>> = {
  BOOL: 'bool',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
};

const datatypeOf: ReadonlyMap<string, string> = new Map(
  Object.entries(onnxOf).map(([datatype, type]) => [type, datatype]),
);

/** ONNX's name of the protocol's; undefined if there is no such type. */
export function onnxType(datatype: string): string | undefined {
  return Object.hasOwn(onnxOf, datatype) ? onnxOf[datatype] : undefined;
}

/** The protocol's name of ONNX's; what the protocol has not keeps its own in capitals. */
export function datatypeFor(type: string): string {
  return datatypeOf.get(type) ?? type.toUpperCase();
}

/** Whole numbers of each type, both ends included; doubles hold all but those of 64 bits. */
export const integerRanges: Readonly<Record<string, readonly [least: bigint, most: bigint]>> = {
  int8: [-128n, 127n],
  int16: [-32_768n, 32_767n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 255n],
  uint16: [0n, 65_535n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** A tensor's memory as it goes over the wire: little-endian, as all machines that Node runs on have it. */
export function bytesOf(data: TypedArray): Buffer {
  return Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}
