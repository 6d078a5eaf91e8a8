import { z } from 'zod';
import {
  type Answer,
  jsonAnswer,
  type NamedSchema,
  type Operation,
  type Parameter,
} from '../openapi/operation.ts';
import { inferSchema } from './schema.ts';

const tensorMetadata = z.object({
  name: z.string(),
  datatype: z.string().describe('Such as FP32 or INT64.'),
  shape: z.array(z.int()).describe('-1 for a size that varies.'),
});

const inferAnswer: NamedSchema = {
  name: 'InferResponse',
  schema: z.object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(
      z.object({
        name: z.string(),
        datatype: z.string(),
        shape: z.array(z.int().min(0)),
        parameters: z
          .object({ binary_data_size: z.int().min(0) })
          .optional()
          .describe('Of outputs whose bytes follow the JSON.'),
        data: z.array(z.unknown()).optional().describe('Flat, row by row; null where JSON has no number.'),
      }),
    ),
  }),
};

const model: Parameter = {
  name: 'model',
  in: 'path',
  description: 'Its name',
  schema: z.string(),
  example: 'nickname-encoder',
};
const version: Parameter = {
  name: 'version',
  in: 'path',
  description: 'Its version',
  schema: z.string(),
  example: '1',
};
const headerLength: Parameter = {
  name: 'inference-header-content-length',
  in: 'header',
  description: 'Bytes of the JSON before the binary data; without it all is JSON',
  schema: z.int().min(0).optional(),
};

interface Described {
  /** Below the model's path. */
  readonly below: string;
  readonly id: string;
  readonly summary: string;
  readonly answer: Answer;
}

/** The endpoints of a model, and the same of one of its versions. */
function ofModel(
  { below, id, summary, answer }: Described,
  how: Partial<Operation> = {},
): readonly Operation[] {
  return [
    { path: `/v2/models/{model}${below}`, id, summary, parameters: [model] },
    {
      path: `/v2/models/{model}/versions/{version}${below}`,
      id: `${id}OfVersion`,
      summary: `${summary}, of one version`,
      parameters: [model, version],
    },
  ].map((each) => ({
    method: 'get',
    tag: 'Open Inference Protocol',
    answers: [answer],
    errors: [404, 503],
    ...how,
    ...each,
    parameters: [...each.parameters, ...(how.parameters ?? [])],
  }));
}

const health = (
  name: string,
  id: string,
  summary: string,
  fields: z.ZodType,
  notYet?: Answer,
): Operation => ({
  method: 'get',
  path: `/v2/health/${name}`,
  id,
  tag: 'Open Inference Protocol',
  summary,
  answers: [jsonAnswer(`Oip${id.slice(3)}`, fields), ...(notYet ? [notYet] : [])],
});

const ready = z.object({ ready: z.boolean() });

export const oipOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/v2',
    id: 'getServerMetadata',
    tag: 'Open Inference Protocol',
    summary: 'Name, version and extensions of the server',
    answers: [
      jsonAnswer(
        'ServerMetadata',
        z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
      ),
    ],
  },
  health('live', 'getServerLive', 'Whether the process answers', z.object({ live: z.boolean() })),
  health(
    'ready',
    'getServerReady',
    'Whether the models are warm and requests are taken',
    ready,
    jsonAnswer('OipServerReady', ready, 'Models are being loaded, or the server is draining', 503),
  ),
  ...ofModel({
    below: '',
    id: 'getModelMetadata',
    summary: 'Inputs and outputs of a model',
    answer: jsonAnswer(
      'ModelMetadata',
      z.object({
        name: z.string(),
        versions: z.array(z.string()),
        platform: z.string(),
        inputs: z.array(tensorMetadata),
        outputs: z.array(tensorMetadata),
      }),
    ),
  }),
  ...ofModel({
    below: '/ready',
    id: 'getModelReady',
    summary: 'Whether a model is warm',
    answer: jsonAnswer('ModelReady', z.object({ name: z.string(), ready: z.boolean() })),
  }),
  ...ofModel(
    {
      below: '/infer',
      id: 'infer',
      summary: 'Runs a model on named tensors',
      answer: {
        status: 200,
        description:
          'The outputs: as JSON, or as JSON and behind it the bytes of those that were asked for as binary data',
        content: [{ body: inferAnswer }, { type: 'application/octet-stream' }],
      },
    },
    {
      method: 'post',
      isTraced: true,
      parameters: [headerLength],
      request: [
        {
          body: { name: 'InferRequest', schema: inferSchema },
          examples: {
            tokens: {
              id: 'one',
              inputs: [
                { name: 'input_ids', datatype: 'INT64', shape: [1, 3], data: [2, 7, 3] },
                { name: 'attention_mask', datatype: 'INT64', shape: [1, 3], data: [1, 1, 1] },
              ],
            },
          },
        },
        { type: 'application/octet-stream' },
      ],
      errors: [400, 404, 413, 415, 503, 504],
    },
  ),
];
