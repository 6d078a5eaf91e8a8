import { callHeaders } from '../call-options.ts';

type Json = Readonly<Record<string, unknown>>;

const string = { type: 'string' } as const;
const milliseconds = { type: 'number', minimum: 0 } as const;

/** Request headers of every endpoint whose requests are traced, as components. */
export const requestHeaders: Readonly<Record<string, Json>> = {
  traceparent: {
    name: 'traceparent',
    in: 'header',
    description: 'The span of the caller that this request belongs to, as W3C Trace Context has it.',
    schema: { ...string, pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}' },
  },
  [callHeaders.timeout]: {
    name: callHeaders.timeout,
    in: 'header',
    description:
      'How long the caller waits, in seconds, or as `2s` or `500ms`: later no work is done for it.',
    schema: { ...string, pattern: '^\\d{1,9}(\\.\\d{1,9})?\\s*(ms|s|)$' },
  },
  [callHeaders.grpcTimeout]: {
    name: callHeaders.grpcTimeout,
    in: 'header',
    description: 'The same as gRPC has it: digits and one of H, M, S, m, u and n.',
    schema: { ...string, pattern: '^\\d{1,8}[HMSmun]$' },
  },
  [callHeaders.priority]: {
    name: callHeaders.priority,
    in: 'header',
    description: 'How urgent it is: the more urgent leave the queue first.',
    schema: { ...string, enum: ['high', 'normal', 'low'], default: 'normal' },
  },
  [callHeaders.tenant]: {
    name: callHeaders.tenant,
    in: 'header',
    description: 'Who is served: tenants share a queue fairly, and device time is accounted for by them.',
    schema: { ...string, pattern: '^[\\w.:@/-]{1,128}$' },
  },
  'x-session-hash': {
    name: 'x-session-hash',
    in: 'header',
    description: 'The session that a request belongs to, for its trace.',
    schema: { ...string, maxLength: 64 },
  },
};

/** Of endpoints that caches may answer. */
export const cacheRequestHeaders: Readonly<Record<string, Json>> = {
  'cache-control': {
    name: 'cache-control',
    in: 'header',
    description: '`no-store` leaves caches aside; `no-cache` has the answer computed anew and kept.',
    schema: string,
  },
};
export const cacheAnswerHeaders: Readonly<Record<string, Json>> = {
  'x-cache': {
    description: 'How caches answered, the worst of a request’s inputs; absent where none was asked.',
    schema: { ...string, enum: ['hit', 'stale', 'miss'] },
  },
};

/** Answer headers of every endpoint whose requests are traced, as components. */
export const answerHeaders: Readonly<Record<string, Json>> = {
  'x-event-id': {
    description: 'Id of the request’s trace: `/profiling/traces/{event_id}` has it.',
    schema: { ...string, pattern: '^[0-9a-f]{16}$' },
  },
  'server-timing': {
    description: 'Time in each phase until the head of the answer was written, ms.',
    schema: string,
  },
  'x-queue-time': { description: 'Wait for the model until then, ms.', schema: milliseconds },
  'x-inference-time': { description: 'Model runs until then, ms.', schema: milliseconds },
  'x-total-time': { description: 'Time since the request came until then, ms.', schema: milliseconds },
};

/** Of refusals that may be repeated. */
export const retryAfter: Json = {
  description: 'Seconds after which a retry makes sense.',
  schema: { type: 'integer', minimum: 1 },
};
