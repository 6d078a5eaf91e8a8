import { InferometerError } from '@inferometer/core/base';
import type { TensorInfo } from '../executor/protocol.ts';
import { firstNonFinite } from './non-finite.ts';
import { type TensorData, type Tensors, tensorArrays } from './types.ts';

export interface CheckOptions {
  /** Whether NaN and infinities may be among float inputs. @default false */
  readonly allowNonFinite?: boolean | undefined;
}

/** Sizes beyond this are nobody's tensor, and their products leave the whole numbers that a double holds. */
const longestDimension = 2 ** 31 - 1;

/**
 * Number of elements of a shape.
 * @throws {InferometerError} INVALID_INPUT if a size is negative, no whole number or too large, or their product is
 */
export function elementCount(name: string, dims: readonly number[]): number {
  let count = 1;
  for (const size of dims) {
    if (!Number.isInteger(size) || size < 0 || size > longestDimension) {
      throw wrong(name, `expected sizes from 0 to ${longestDimension}, got shape ${shapeText(dims)}`);
    }
    count *= size;
    if (count > Number.MAX_SAFE_INTEGER) throw wrong(name, `shape ${shapeText(dims)} has too many elements`);
  }
  return count;
}

/**
 * Checks a shape against what the model takes.
 * @throws {InferometerError} INVALID_INPUT that says which sizes were expected
 */
export function checkShape(info: TensorInfo, dims: readonly number[]): void {
  // Without sizes the graph says nothing of the rank, or takes a scalar; the run tells which.
  if (info.shape.length === 0) return;
  const fits =
    dims.length === info.shape.length &&
    info.shape.every((size, axis) => typeof size !== 'number' || size < 0 || size === dims[axis]);
  if (fits) return;
  const expected = info.shape.map((size) => (typeof size === 'number' ? size : size || '?')).join(', ');
  throw wrong(info.name, `expected shape [${expected}], got ${shapeText(dims)}`);
}

/**
 * Checks named tensors against a model's inputs: all are there and no others, of the right type and shape, with as
 * many elements as the shape says and none that cannot be computed with.
 * @throws {InferometerError} INVALID_INPUT that names the input and what was expected
 */
export function checkTensors(
  tensors: Tensors,
  inputs: readonly TensorInfo[],
  options: CheckOptions = {},
): void {
  for (const name of Object.keys(tensors)) inputNamed(inputs, name);
  for (const info of inputs) {
    // Inherited names such as `constructor` are nobody's input.
    const tensor = Object.hasOwn(tensors, info.name) ? tensors[info.name] : undefined;
    if (tensor === undefined) throw wrong(info.name, 'this input is missing');
    checkTensor(tensor, info, options);
  }
}

/** @throws {InferometerError} INVALID_INPUT with the names that there are */
export function inputNamed(inputs: readonly TensorInfo[], name: string): TensorInfo {
  const info = inputs.find((input) => input.name === name);
  if (info) return info;
  throw wrong(name, `the model has no such input, expected ${inputs.map((input) => input.name).join(', ')}`);
}

/**
 * Outputs of a request: those asked for, else all that are tensors.
 * @throws {InferometerError} INVALID_INPUT for a name that there is not, or that comes twice
 */
export function outputsFor(outputs: readonly TensorInfo[], asked?: readonly string[]): readonly string[] {
  const names = outputs.filter((output) => output.type !== 'other').map((output) => output.name);
  if (asked === undefined || asked.length === 0) return names;
  asked.forEach((name, index) => {
    if (!names.includes(name))
      throw wrong(name, `the model has no such output, expected ${names.join(', ')}`);
    if (asked.indexOf(name) !== index) throw wrong(name, 'this output is asked for twice');
  });
  return asked;
}

function checkTensor(tensor: TensorData, info: TensorInfo, options: CheckOptions): void {
  const { type, dims, data } = tensor;
  if (type !== info.type) throw wrong(info.name, `expected ${info.type}, got ${type}`);
  const count = elementCount(info.name, dims);
  checkShape(info, dims);
  if (data.length !== count) {
    throw wrong(info.name, `shape ${shapeText(dims)} has ${count} elements, got ${data.length}`);
  }
  if (type === 'string') checkTexts(info.name, data as readonly unknown[]);
  else checkNumbers(tensor, info, options);
}

function checkNumbers(tensor: TensorData, info: TensorInfo, options: CheckOptions): void {
  const { type, data } = tensor;
  const expected = tensorArrays[type]?.name;
  const got = Object.prototype.toString.call(data).slice(8, -1);
  if (got !== expected) throw wrong(info.name, `${type} comes in a ${expected}, got ${got}`);
  if (type === 'bool' && (data as Uint8Array).some((value) => value > 1)) {
    throw wrong(info.name, 'expected bools of 0 and 1 only');
  }
  const bad = options.allowNonFinite ? -1 : firstNonFinite(tensor);
  if (bad >= 0) throw wrong(info.name, `expected finite numbers, got NaN or an infinity at element ${bad}`);
}

function checkTexts(name: string, data: readonly unknown[]): void {
  data.forEach((text, index) => {
    if (typeof text !== 'string') throw wrong(name, `expected texts, got ${typeof text} at element ${index}`);
    if (!text.isWellFormed()) throw wrong(name, `the text of element ${index} is not valid Unicode`);
    // onnxruntime would cut the text there.
    if (text.includes('\0')) throw wrong(name, `the text of element ${index} has a NUL character`);
  });
}

function shapeText(dims: readonly number[]): string {
  return `[${dims.join(', ')}]`;
}

function wrong(field: string, message: string): InferometerError {
  return new InferometerError('INVALID_INPUT', message, { field });
}
