import { z } from 'zod';
import { jsonAnswer, type Operation, type Parameter } from './operation.ts';

/** Endpoints whose handlers come from other packages. */

const milliseconds = z.number().min(0);

const batch = z.object({
  id: z.string(),
  size: z.int().min(1),
  reason: z.string().describe('Why it left: such as `full`, `idle_executor` or `oldest_waited`.'),
  padding_ratio: z.number().min(0).max(1),
  device_ms_share: milliseconds,
});

const trace = z.object({
  event_id: z.string(),
  trace_id: z.string(),
  fn_name: z.string(),
  method: z.string(),
  session_hash: z.string().nullable(),
  timestamp: z.number().describe('Start, seconds since the epoch.'),
  queue_wait_ms: milliseconds,
  preprocess_ms: milliseconds,
  fn_call_ms: milliseconds,
  postprocess_ms: milliseconds,
  streaming_diff_ms: milliseconds,
  total_ms: milliseconds,
  unattributed_ms: milliseconds.describe('What is left of the total: with the phases it adds up exactly.'),
  n_iterations: z.int().min(0),
  model: z.string().nullable(),
  status: z.int(),
  error_type: z.string().nullable(),
  tenant: z.string().nullable(),
  ttft_ms: milliseconds.nullable(),
  device_ms: milliseconds.describe('Its part of the time of model runs.'),
  device: z.string().nullable().describe('Where they ran, such as `cpu` or `cuda:0`.'),
  cpu_ms: milliseconds.describe('Its part of the CPU that executors took in them.'),
  phases: z.array(
    z.object({
      name: z.string(),
      start_ms: milliseconds,
      duration_ms: milliseconds,
      count: z.int().min(0),
    }),
  ),
  generation: z
    .object({
      tokens: z.int().min(0),
      prefill_ms: milliseconds.describe('From the start of the first model run until the first token.'),
      decode_ms: milliseconds.describe('From the first token to the last one.'),
      time_per_output_token_ms: milliseconds.nullable(),
    })
    .nullable(),
  batch: batch.nullable(),
  batches: z.array(batch),
});

const filters: readonly Parameter[] = [
  { name: 'model', in: 'query', description: 'Only of this model', schema: z.string().optional() },
  { name: 'fn_name', in: 'query', description: 'Only of this path', schema: z.string().optional() },
  {
    name: 'status',
    in: 'query',
    description: 'Only with this status, or `ok` for below 400',
    schema: z.string().optional(),
  },
];

const profiling = { tag: 'Profiling', errorFormat: 'plain' } as const;
const guarded: readonly number[] = [401, 403];

const act = (name: string, id: string, summary: string, body: z.ZodObject): Operation => ({
  ...profiling,
  method: 'post',
  path: `/profiling/${name}`,
  id,
  summary,
  answers: [jsonAnswer(`${id[0]?.toUpperCase()}${id.slice(1)}`, body.extend({ status: z.literal('ok') }))],
  errors: guarded,
});

const recording = z.object({ recording: z.boolean() });

export const metricsOperation: Operation = {
  method: 'get',
  path: '/metrics',
  id: 'getMetrics',
  tag: 'Server',
  summary: 'Metrics for Prometheus, in the form that `accept` asks for',
  answers: [
    {
      status: 200,
      description: 'Text, OpenMetrics or protobuf',
      content: [
        { type: 'text/plain', body: { name: 'Metrics', schema: z.string() } },
        { type: 'application/openmetrics-text', body: { name: 'OpenMetrics', schema: z.string() } },
        { type: 'application/vnd.google.protobuf' },
      ],
    },
  ],
};

export const profilingOperations: readonly Operation[] = [
  {
    ...profiling,
    method: 'get',
    path: '/profiling',
    id: 'getProfiling',
    summary: 'Whether requests are recorded, and what can be asked for',
    answers: [
      jsonAnswer(
        'Profiling',
        z.object({
          recording: z.boolean(),
          requests: z.int().min(0),
          capacity: z.int().min(0),
          endpoints: z.array(z.string()),
        }),
      ),
    ],
    errors: guarded,
  },
  {
    ...profiling,
    method: 'get',
    path: '/profiling/traces',
    id: 'listTraces',
    summary: 'The last requests, phase by phase',
    parameters: [
      { name: 'last_n', in: 'query', description: 'How many', schema: z.int().min(0).optional(), example: 5 },
      ...filters,
    ],
    answers: [jsonAnswer('Traces', z.array(trace))],
    errors: [400, ...guarded],
  },
  {
    ...profiling,
    method: 'get',
    path: '/profiling/traces/{event_id}',
    id: 'getTrace',
    summary: 'One request, phase by phase',
    parameters: [
      { name: 'event_id', in: 'path', description: '`x-event-id` of its answer', schema: z.string() },
    ],
    answers: [jsonAnswer('Trace', trace)],
    errors: [404, ...guarded],
  },
  {
    ...profiling,
    method: 'get',
    path: '/profiling/summary',
    id: 'getSummary',
    summary: 'Quantiles of the last requests, by phase',
    parameters: filters,
    answers: [
      jsonAnswer(
        'Summary',
        z.object({
          count: z.int().min(0),
          unit: z.literal('ms'),
          total: z.looseObject({}).nullable(),
          phases: z.record(z.string(), z.record(z.string(), z.number())),
        }),
      ),
    ],
    errors: guarded,
  },
  act('clear', 'clearTraces', 'Forgets the requests so far', z.object({ cleared: z.int().min(0) })),
  act('start', 'startRecording', 'Records requests again', recording),
  act('stop', 'stopRecording', 'Records no more requests', recording),
];
