import { monoNow } from '@inferometer/core/base';
import type { Tensor } from 'onnxruntime-node';
import type { PoolingMode } from '../model/pooling-config.ts';
import { pool } from './pooling.ts';
import type { EmbeddedReply, EmbedRequest, RunSpan, TensorInfo } from './protocol.ts';
import { floatsOf, integerTensor, type Session } from './session.ts';

/** Outputs that are token vectors, by the names that exporters give them. */
const tokenOutputs = ['last_hidden_state', 'token_embeddings', 'hidden_states'];

/** How an input of a BERT-style encoder is filled. */
type Fill = (request: EmbedRequest) => Int32Array;

const fills: Readonly<Record<string, Fill>> = {
  input_ids: (request) => request.ids,
  attention_mask: ({ rows, columns, lengths }) =>
    perRow(rows, columns, (row, column) => (column < (lengths[row] as number) ? 1 : 0)),
  token_type_ids: (request) => new Int32Array(request.ids.length),
  position_ids: ({ rows, columns }) => perRow(rows, columns, (_row, column) => column),
};

/** Runs padded batches through an encoder and pools them; vectors are as long as they come. */
export interface Embedder {
  embed(request: EmbedRequest): Promise<EmbeddedReply>;
}

/**
 * @throws {Error} if the model takes inputs that an encoder of texts has not
 */
export function createEmbedder(session: Session, pooling: readonly PoolingMode[]): Embedder {
  const unknown = session.inputs.find((input) => !(input.name in fills));
  if (unknown) {
    throw new Error(`input "${unknown.name}" is unknown, expected ${Object.keys(fills).join(', ')}`);
  }
  const output = chooseOutput(session.outputs);
  return {
    async embed(request) {
      const shape = [request.rows, request.columns];
      const feeds: Record<string, Tensor> = {};
      for (const input of session.inputs) {
        feeds[input.name] = integerTensor(input.type, (fills[input.name] as Fill)(request), shape);
      }
      const { results, ...run } = await session.run(feeds);
      return reply(results[output] as Tensor, request, pooling, run);
    },
  };
}

/** A sentence vector that the graph has made itself, else token vectors. */
function chooseOutput(outputs: readonly TensorInfo[]): string {
  const named = (name: string): TensorInfo | undefined => outputs.find((output) => output.name === name);
  const chosen =
    named('sentence_embedding') ??
    tokenOutputs.map(named).find((output) => output !== undefined) ??
    outputs.find((output) => output.shape.length === 3) ??
    outputs[0];
  if (!chosen) throw new Error('the model has no output');
  return chosen.name;
}

function reply(
  tensor: Tensor,
  request: EmbedRequest,
  pooling: readonly PoolingMode[],
  run: RunSpan,
): EmbeddedReply {
  const [rows, second, third] = tensor.dims;
  const data = floatsOf(tensor);
  const base = { type: 'embedded', id: request.id, ...run } as const;
  if (rows !== request.rows || second === undefined) {
    throw new Error(`the model gave shape [${tensor.dims.join(', ')}] for ${request.rows} texts`);
  }
  if (third === undefined) {
    return { ...base, vectors: Float32Array.from(data), dimensions: second, replied: monoNow() };
  }
  const { lengths } = request;
  const vectors = pool({ data, rows, columns: second, width: third, lengths }, pooling);
  return { ...base, vectors, dimensions: third * pooling.length, replied: monoNow() };
}

function perRow(rows: number, columns: number, value: (row: number, column: number) => number): Int32Array {
  const out = new Int32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[row * columns + column] = value(row, column);
  }
  return out;
}
