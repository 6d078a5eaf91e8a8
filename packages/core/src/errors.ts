/** Machine-readable causes of a failed request or start; each maps to one HTTP status in the server. */
export type ErrorCode =
  /** A model directory, file or option is unusable: the message names it. */
  | 'INVALID_MODEL'
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
  /** The client went away or the deadline passed before the work was done. */
  | 'CANCELLED'
  /** The executor process died with this work in it. */
  | 'EXECUTOR_CRASHED'
  /** The model run itself failed. */
  | 'RUN_FAILED';

/** A failure with a machine-readable code; `cause` keeps what raised it. */
export class InferometerError extends Error {
  readonly code: ErrorCode;
  /** The request field at fault, where there is one. */
  readonly field: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly field?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'InferometerError';
    this.code = code;
    this.field = options.field;
  }
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
