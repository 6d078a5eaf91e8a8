import { z } from 'zod';
import { formatProblem } from '../error-format.ts';
import { type ProblemCode, RequestProblem } from '../problem.ts';
import type { ErrorFormat, NamedSchema } from './operation.ts';

/** What each API's errors look like. */
export const errorBodies: Readonly<Record<ErrorFormat, NamedSchema>> = {
  openai: {
    name: 'OpenAIError',
    schema: z.object({
      error: z.object({
        message: z.string().describe('What was wrong, what was expected and what came.'),
        type: z.enum(['invalid_request_error', 'rate_limit_error', 'timeout', 'server_error']),
        param: z.string().nullable().describe('The field at fault.'),
        code: z.string().describe('Such as `invalid_value`, `model_not_found` or `overloaded`.'),
      }),
    }),
  },
  oip: { name: 'OipError', schema: z.object({ error: z.string() }) },
  plain: { name: 'PlainError', schema: z.object({ error: z.string() }) },
  tei: {
    name: 'TeiError',
    schema: z.object({
      error: z.string().describe('What was wrong, what was expected and what came.'),
      error_type: z.enum(['Validation', 'Empty', 'Overloaded', 'Unhealthy', 'Backend', 'Tokenizer']),
    }),
  },
};

const meanings: Readonly<Record<number, string>> = {
  400: 'The request is wrong: the message names the field, what was expected and what came.',
  401: 'A token is missing or wrong.',
  403: 'This is not for whoever asks.',
  404: 'What was asked for does not exist: a model, a session or a trace.',
  408: 'The request was not complete in time.',
  409: 'It does not fit the state of what was asked for.',
  413: 'The request is longer than what is taken.',
  415: 'The body has a type, or an encoding, that is not taken.',
  422: 'The request is wrong: the message names the field, what was expected and what came.',
  429: 'The queue is full: try again after `retry-after` seconds.',
  500: 'The server failed; its log says why.',
  503: 'Models are being loaded, or the server is draining: try again after `retry-after` seconds.',
  504: 'The deadline of the request came before its answer.',
};

/** What a status means, for people. */
export function meaningOf(status: number): string {
  return meanings[status] ?? (status < 500 ? 'The request is refused.' : 'The server failed.');
}

/** Statuses at which a retry makes sense, after the seconds that `retry-after` says. */
export const retryStatuses: readonly number[] = [429, 503];

const codes: Readonly<Record<number, ProblemCode>> = {
  404: 'not_found',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  429: 'overloaded',
  503: 'unavailable',
  504: 'deadline_exceeded',
};

/** An error as an API answers it. */
export function errorExample(status: number, format: ErrorFormat): unknown {
  if (format === 'plain') return { error: meaningOf(status) };
  const code = codes[status] ?? (status >= 500 ? 'internal_error' : 'invalid_value');
  return formatProblem(new RequestProblem(status, code, meaningOf(status)).problem, format).body;
}
