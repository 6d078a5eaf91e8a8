/** Machine-readable causes of a failed request or start; each maps to one HTTP status in the server. */
export type ErrorCode =
  /** A model directory, file or option is unusable: the message names it. */
  | 'INVALID_MODEL'
  /** The device that a model is to run on cannot be used: the message says what is missing, and how to get it. */
  | 'DEVICE_UNAVAILABLE'
  /** The caller's input is wrong: the message names the field and what was expected. */
  | 'INVALID_INPUT'
  /** The input has more tokens than the model takes and truncation was refused. */
  | 'INPUT_TOO_LONG'
  /** No such model is loaded. */
  | 'UNKNOWN_MODEL'
  /** The queue is full; try again later. */
  | 'OVERLOADED'
  /** The model is not ready, or the server is draining. */
  | 'UNAVAILABLE'
  /** The client went away before the work was done. */
  | 'CANCELLED'
  /** The deadline passed before the work was done. */
  | 'DEADLINE_EXCEEDED'
  /** A model run took longer than its hard limit, and was ended. */
  | 'RUN_TIMEOUT'
  /** The executor died with this work in it. */
  | 'EXECUTOR_CRASHED'
  /** The model run itself failed. */
  | 'RUN_FAILED';

/** More about a failure than its message says. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** The request field at fault. */
  readonly field?: string;
  /** Why a request was refused, as `inference_requests_rejected_total` counts it. */
  readonly reason?: string;
  /** When a retry makes sense, s, integer >= 1. */
  readonly retryAfterS?: number;
}

/** A failure with a machine-readable code; `cause` keeps what raised it. */
export class InferometerError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly reason: string | undefined;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'InferometerError';
    this.code = code;
    this.field = details.field;
    this.reason = details.reason;
    this.retryAfterS = details.retryAfterS;
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
