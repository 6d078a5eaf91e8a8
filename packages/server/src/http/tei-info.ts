import type { EmbeddingModel } from '@inferometer/engine';
import { Router } from 'express';
import { z } from 'zod';
import type { ModelRegistry } from '../models/registry.ts';
import { version } from '../version.ts';
import { formatProblem } from './error-format.ts';
import type { InputLimits } from './inputs.ts';
import { jsonAnswer, type Operation } from './openapi/operation.ts';
import { RequestProblem } from './problem.ts';

const count = z.int().min(1);

const infoSchema = z.object({
  model_id: z.string(),
  model_sha: z.string().nullable(),
  model_dtype: z.string().describe('Of its weights: float32, float16 or int8.'),
  model_type: z.object({ embedding: z.object({ pooling: z.string() }) }),
  max_concurrent_requests: count.describe('Inputs that may wait for the model.'),
  max_input_length: count.describe('Tokens of an input.'),
  max_batch_tokens: count,
  max_batch_requests: count.nullable(),
  max_client_batch_size: count.describe('Inputs of a request.'),
  auto_truncate: z.boolean().describe('Whether texts that are too long are cut unless `truncate` is false.'),
  tokenization_workers: count,
  version: z.string().describe('Of this server.'),
  sha: z.string().nullable(),
  docker_label: z.string().nullable(),
});

export const teiInfoOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/info',
    id: 'getInfo',
    tag: 'TEI',
    summary: 'The model that /embed runs, and its limits',
    parameters: [
      {
        name: 'model',
        in: 'query',
        description: 'Another model that embeds',
        schema: z.string().optional(),
        example: 'nickname-encoder',
      },
    ],
    answers: [jsonAnswer('InfoResponse', infoSchema)],
    errors: [404, 422, 503],
  },
  {
    method: 'get',
    path: '/health',
    id: 'getHealth',
    tag: 'TEI',
    summary: 'Whether the models are warm and requests are taken',
    answers: [{ status: 200, description: 'They are' }],
    errors: [503],
  },
];

/** `GET /info` and `GET /health` of text-embeddings-inference. */
export function teiInfoRouter(
  registry: ModelRegistry,
  limits: InputLimits,
  isDraining: () => boolean,
): Router {
  const router = Router();
  router.get('/info', (request, response) => {
    const { model: name } = request.query;
    if (name !== undefined && typeof name !== 'string') {
      throw new RequestProblem(400, 'invalid_value', 'expected the name of a model, once', 'model');
    }
    response.json(infoOf(registry.embedding(name), limits));
  });
  router.get('/health', (_request, response) => {
    if (registry.ready && !isDraining()) return void response.status(200).end();
    const why = isDraining() ? 'the server is draining' : 'the models are being loaded';
    // Answered here: a probe that comes too early is no request that was rejected.
    const { status, body } = formatProblem(new RequestProblem(503, 'unavailable', why).problem, 'tei');
    response.status(status).json(body);
  });
  return router;
}

function infoOf(model: EmbeddingModel, limits: InputLimits): z.output<typeof infoSchema> {
  const { directory, options } = model;
  return {
    model_id: model.name,
    model_sha: null,
    model_dtype: weightsOf(directory.graph),
    model_type: { embedding: { pooling: directory.pooling.modes.join('+') } },
    max_concurrent_requests: options.maxQueue,
    max_input_length: directory.maxTokens,
    max_batch_tokens: options.maxBatchTokens,
    max_batch_requests: options.maxBatchSize,
    max_client_batch_size: limits.maxInputs,
    auto_truncate: true,
    // Texts are split on the main thread, in turns.
    tokenization_workers: 1,
    version,
    sha: null,
    docker_label: null,
  };
}

/** As exporters name their files: `model.onnx`, `model_int8.onnx`, `model_fp16.onnx`, `model_quantized.onnx`. */
function weightsOf(graph: string): string {
  const file = graph.slice(Math.max(graph.lastIndexOf('/'), graph.lastIndexOf('\\')) + 1);
  if (/fp16|float16/i.test(file)) return 'float16';
  return /u?int8|quant|qint/i.test(file) ? 'int8' : 'float32';
}
