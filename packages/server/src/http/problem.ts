import { type ErrorCode, InferometerError } from '@inferometer/core';

/** What went wrong with a request, before it is put in the words of an API. */
export interface Problem {
  /** HTTP status, 4xx or 5xx. */
  readonly status: number;
  readonly code: ProblemCode;
  readonly message: string;
  /** The field of the request at fault. */
  readonly field: string | undefined;
  /** Seconds after which a retry makes sense. */
  readonly retryAfterS?: number;
  /** Why it was refused, where that says more than the code. */
  readonly reason?: string;
}

export type ProblemCode =
  | 'invalid_json'
  | 'invalid_value'
  | 'empty_input'
  | 'input_too_long'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'method_not_allowed'
  | 'not_found'
  | 'forbidden'
  | 'model_not_found'
  | 'session_not_found'
  | 'session_busy'
  | 'overloaded'
  | 'unavailable'
  | 'deadline_exceeded'
  | 'client_disconnected'
  | 'internal_error';

/** A refusal that is made in the HTTP layer itself. */
export class RequestProblem extends Error {
  readonly problem: Problem;

  constructor(status: number, code: ProblemCode, message: string, field?: string) {
    super(message);
    this.name = 'RequestProblem';
    this.problem = { status, code, message, field };
  }
}

const byCode: Readonly<Record<ErrorCode, { status: number; code: ProblemCode; retryAfterS?: number }>> = {
  INVALID_MODEL: { status: 500, code: 'internal_error' },
  DEVICE_UNAVAILABLE: { status: 503, code: 'unavailable' },
  INVALID_INPUT: { status: 400, code: 'invalid_value' },
  INPUT_TOO_LONG: { status: 400, code: 'input_too_long' },
  UNKNOWN_MODEL: { status: 404, code: 'model_not_found' },
  OVERLOADED: { status: 429, code: 'overloaded', retryAfterS: 1 },
  UNAVAILABLE: { status: 503, code: 'unavailable', retryAfterS: 1 },
  CANCELLED: { status: 499, code: 'client_disconnected' },
  DEADLINE_EXCEEDED: { status: 504, code: 'deadline_exceeded' },
  RUN_TIMEOUT: { status: 504, code: 'deadline_exceeded' },
  EXECUTOR_CRASHED: { status: 503, code: 'unavailable', retryAfterS: 1 },
  RUN_FAILED: { status: 500, code: 'internal_error' },
};

/** Errors of body-parser carry a type. */
interface BodyError {
  readonly type?: string;
  readonly status?: number;
  readonly limit?: number;
  readonly message?: string;
}

/** Puts anything thrown while a request was worked on into a Problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RequestProblem) return error.problem;
  if (error instanceof InferometerError) {
    const { code, message, field, reason, retryAfterS } = error;
    return {
      ...byCode[code],
      message,
      field,
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
    };
  }
  const body = (error ?? {}) as BodyError;
  const of = (status: number, code: ProblemCode, message: string): Problem => ({
    status,
    code,
    message,
    field: undefined,
  });
  switch (body.type) {
    case 'entity.parse.failed':
      return of(400, 'invalid_json', `the body is not valid JSON: ${body.message}`);
    case 'entity.too.large':
      return of(413, 'body_too_large', `the body is over the limit of ${body.limit} bytes`);
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return of(
        415,
        'unsupported_media_type',
        `${body.message}, expected UTF-8 JSON, plain or compressed by gzip, deflate or br`,
      );
    case 'request.aborted':
      return of(499, 'client_disconnected', 'the client went away while it sent the body');
    case 'request.size.invalid':
      return of(400, 'invalid_json', 'the body has not the length that content-length says');
  }
  // Other errors with a 4xx come from reading the body too, such as one that is not what its encoding says.
  if (body.status !== undefined && body.status >= 400 && body.status < 500) {
    return of(body.status, 'invalid_json', `the body cannot be read: ${body.message ?? 'bad request'}`);
  }
  return of(500, 'internal_error', 'the server failed on this request; its log says why');
}
