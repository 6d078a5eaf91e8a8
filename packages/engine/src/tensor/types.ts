/** Arrays that hold the elements of a tensor. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** A tensor as it travels between the main process and executors. */
export interface TensorData {
  /** Element type in ONNX's words: `float32`, `int64`, `bool`, `string`, … */
  readonly type: string;
  /** Sizes, each an integer >= 0; their product is the number of elements. */
  readonly dims: readonly number[];
  /**
   * Elements, row major, in the array of `tensorArrays`: int64 as BigInt64Array, bool as Uint8Array of 0 and 1, float16
   * as the raw 16 bits in a Uint16Array; texts as strings.
   */
  readonly data: TypedArray | readonly string[];
}

/** Tensors by the names that the model gives its inputs or outputs. */
export type Tensors = Readonly<Record<string, TensorData>>;

type ArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
};

/** The array of each element type that is a number. Float16 has raw bits: not every runtime has a Float16Array. */
export const tensorArrays: Readonly<Record<string, ArrayConstructor>> = {
  bool: Uint8Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};
