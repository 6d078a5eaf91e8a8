import { halfToNumber, type TensorData, type Tensors } from '@inferometer/engine';
import type { Response } from 'express';
import { vectorJson } from '../json-bytes.ts';
import { bytesOfTensor } from './binary-data.ts';
import { datatypeFor } from './datatypes.ts';

export interface InferAnswer {
  readonly model: string;
  readonly version: string;
  readonly id: string | undefined;
  readonly outputs: Tensors;
  readonly isBinary: (output: string) => boolean;
}

/** Sends outputs as JSON, those that are asked for as binary data behind it. */
export function sendInferAnswer(response: Response, answer: InferAnswer): void {
  const binary: Buffer[] = [];
  const outputs = Object.entries(answer.outputs).map(([name, tensor]) => {
    const head = { name, datatype: datatypeFor(tensor.type), shape: tensor.dims };
    if (!answer.isBinary(name)) return `${JSON.stringify(head).slice(0, -1)},"data":${dataJson(tensor)}}`;
    const bytes = bytesOfTensor(tensor);
    binary.push(bytes);
    return JSON.stringify({ ...head, parameters: { binary_data_size: bytes.length } });
  });
  const { model, version, id } = answer;
  const head = JSON.stringify({
    model_name: model,
    model_version: version,
    ...(id === undefined ? {} : { id }),
  });
  const json = `${head.slice(0, -1)},"outputs":[${outputs.join(',')}]}`;
  if (binary.length === 0) {
    response.type('json').send(json);
    return;
  }
  const header = Buffer.from(json, 'utf8');
  response
    .set('inference-header-content-length', String(header.length))
    .type('application/octet-stream')
    .send(Buffer.concat([header, ...binary]));
}

/** Elements in JSON, flat. NaN and infinities, which JSON has not, are null: binary data has them. */
function dataJson({ type, data }: TensorData): string {
  switch (type) {
    case 'string':
      return JSON.stringify(data);
    case 'bool':
      return `[${Array.from(data as Uint8Array, (value) => value !== 0).join(',')}]`;
    case 'float16':
      return vectorJson(Float32Array.from(data as Uint16Array, halfToNumber));
    case 'float32':
      return vectorJson(data as Float32Array);
    case 'float64':
      return JSON.stringify(Array.from(data as Float64Array));
    default:
      return `[${data.join(',')}]`;
  }
}
