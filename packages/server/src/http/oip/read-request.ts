import { isUtf8 } from 'node:buffer';
import { checkShape, elementCount, inputNamed, type Model, type TensorData } from '@inferometer/engine';
import type { z } from 'zod';
import { RequestProblem } from '../problem.ts';
import { validate } from '../validate.ts';
import { dataFromBytes } from './binary-data.ts';
import { datatypeFor, onnxType } from './datatypes.ts';
import { dataFromJson, hasWideNumber, parseExactly } from './json-data.ts';
import {
  type InferBody,
  inferSchema,
  inputParameters,
  outputParameters,
  type RequestParameters,
  requestParameters,
} from './schema.ts';

/** An inference request, read and checked but for what the engine checks. */
export interface InferCall {
  readonly id: string | undefined;
  readonly tensors: Readonly<Record<string, TensorData>>;
  /** Undefined for all of them. */
  readonly outputs: readonly string[] | undefined;
  /** Whether an output is answered as binary data. */
  readonly isBinary: (output: string) => boolean;
  readonly parameters: RequestParameters;
}

/**
 * Reads a request of JSON, or of a JSON header and binary data behind it.
 * @param headerLength value of Inference-Header-Content-Length; undefined where all is JSON
 * @throws {RequestProblem|InferometerError} 400 that names the field or tensor and what was expected
 */
export function readInferRequest(body: Buffer, headerLength: string | undefined, model: Model): InferCall {
  const { json, binary } = splitBody(body, headerLength);
  const text = textOf(json);
  const request = parseBody(text);
  const parameters = parametersOf(requestParameters, request.parameters, 'parameters');
  if (parameters.sequence_id !== undefined && parameters.sequence_id !== 0 && parameters.sequence_id !== '') {
    throw wrong('sequences are not supported: each request stands alone', 'parameters.sequence_id');
  }
  const outputs = outputsOf(request, parameters.binary_data_output ?? false);
  return {
    id: request.id ?? undefined,
    tensors: tensorsOf(request, binary, model),
    outputs: outputs.names,
    isBinary: outputs.isBinary,
    parameters,
  };
}

function splitBody(body: Buffer, header: string | undefined): { json: Buffer; binary: Buffer | undefined } {
  if (header === undefined) return { json: body, binary: undefined };
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (!(length <= body.length)) {
    const message = `expected the length of the JSON before the binary data, at most the body's ${body.length} bytes, got ${header.slice(0, 40)}`;
    throw wrong(message, 'Inference-Header-Content-Length');
  }
  return { json: body.subarray(0, length), binary: body.subarray(length) };
}

function textOf(json: Buffer): string {
  if (json.length === 0) throw badJson('the body is missing, expected a JSON object');
  if (!isUtf8(json)) throw badJson('the JSON is not valid UTF-8');
  return json.toString('utf8');
}

/** Parses it again where doubles would have rounded an element. */
function parseBody(text: string): InferBody {
  const parse = (how: (text: string) => unknown): InferBody => {
    let value: unknown;
    try {
      value = how(text);
    } catch (error) {
      throw badJson(`the body is not valid JSON: ${(error as Error).message}`);
    }
    return validate(inferSchema, value);
  };
  const body = parse(JSON.parse);
  const isWide = body.inputs.some(({ datatype, data }) => datatype.endsWith('INT64') && hasWideNumber(data));
  return isWide ? parse(parseExactly) : body;
}

function tensorsOf(request: InferBody, binary: Buffer | undefined, model: Model): Record<string, TensorData> {
  const tensors: Record<string, TensorData> = Object.create(null) as Record<string, TensorData>;
  let at = 0;
  request.inputs.forEach((input, index) => {
    const field = `inputs[${index}]`;
    const { name, datatype, shape: dims, data } = input;
    const info = inputNamed(model.inputs, name);
    if (name in tensors) throw wrong(`input "${name}" comes twice`, `${field}.name`);
    const type = onnxType(datatype);
    if (type !== info.type) {
      const known = type === undefined ? `the unknown datatype ${datatype.slice(0, 40)}` : datatype;
      throw wrong(`input "${name}": expected ${datatypeFor(info.type)}, got ${known}`, `${field}.datatype`);
    }
    const count = elementCount(name, dims);
    checkShape(info, dims);
    const { binary_data_size: size, shared_memory_region: region } = parametersOf(
      inputParameters,
      input.parameters,
      `${field}.parameters`,
    );
    if (region !== undefined) throw noSharedMemory(`${field}.parameters`);
    if ((size !== undefined) === (data !== undefined && data !== null)) {
      throw wrong(`input "${name}": expected either data or parameters.binary_data_size`, field);
    }
    if (size === undefined) {
      tensors[name] = { type, dims, data: dataFromJson(data, type, dims, count, `${field}.data`) };
      return;
    }
    if (binary === undefined || at + size > binary.length) {
      const left = (binary?.length ?? 0) - at;
      throw wrong(
        `input "${name}": expected ${size} bytes behind the JSON, got ${left}`,
        `${field}.parameters.binary_data_size`,
      );
    }
    const bytes = binary.subarray(at, at + size);
    at += size;
    tensors[name] = { type, dims, data: dataFromBytes(bytes, type, count, field) };
  });
  const left = (binary?.length ?? 0) - at;
  if (left > 0) throw wrong(`${left} bytes behind the JSON belong to no input`, 'inputs');
  return tensors;
}

function outputsOf(request: InferBody, all: boolean): Pick<InferCall, 'isBinary'> & { names?: string[] } {
  const asked = request.outputs ?? [];
  const binary = new Map<string, boolean>();
  asked.forEach((output, index) => {
    const field = `outputs[${index}].parameters`;
    const given = parametersOf(outputParameters, output.parameters, field);
    if (given.shared_memory_region !== undefined) throw noSharedMemory(field);
    if (given.classification !== undefined && given.classification !== 0)
      throw wrong('classification is not supported: ask for the output itself', `${field}.classification`);
    binary.set(output.name, given.binary_data ?? all);
  });
  const isBinary = (name: string): boolean => binary.get(name) ?? all;
  return asked.length > 0 ? { isBinary, names: asked.map((output) => output.name) } : { isBinary };
}

function parametersOf<T extends z.ZodType>(schema: T, value: unknown, field: string): z.output<T> {
  try {
    return validate(schema, value ?? {});
  } catch (error) {
    if (!(error instanceof RequestProblem)) throw error;
    throw wrong(error.message, `${field}.${error.problem.field}`);
  }
}

function noSharedMemory(field: string): RequestProblem {
  return wrong(
    'shared memory is not supported: send the tensor in the body',
    `${field}.shared_memory_region`,
  );
}

function wrong(message: string, field: string): RequestProblem {
  return new RequestProblem(400, 'invalid_value', message, field);
}

function badJson(message: string): RequestProblem {
  return new RequestProblem(400, 'invalid_json', message);
}
