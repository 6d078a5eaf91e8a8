import type { Problem, ProblemCode } from './problem.ts';

/** The APIs whose error formats are spoken. */
export type ApiFamily = 'openai' | 'tei' | 'oip';

/** The API that a path belongs to; our own endpoints answer in OpenAI's format. */
export function familyOf(path: string): ApiFamily {
  const isBelow = (root: string): boolean => path === root || path.startsWith(`${root}/`);
  return ['/embed', '/info', '/health'].some(isBelow) ? 'tei' : isBelow('/v2') ? 'oip' : 'openai';
}

/** A body and status in the words of an API. */
export interface FormattedError {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export function formatProblem(problem: Problem, family: ApiFamily): FormattedError {
  return formats[family](problem);
}

/** https://platform.openai.com/docs/guides/error-codes */
function openai({ status, code, message, field }: Problem): FormattedError {
  const type =
    code === 'deadline_exceeded'
      ? 'timeout'
      : status === 429
        ? 'rate_limit_error'
        : status < 500
          ? 'invalid_request_error'
          : 'server_error';
  const named = code === 'input_too_long' ? 'context_length_exceeded' : code;
  return {
    status,
    body: { error: { message: withField(message, field), type, param: field ?? null, code: named } },
  };
}

/** Statuses of text-embeddings-inference where they differ from the usual ones. */
const teiStatus: Readonly<Partial<Record<ProblemCode, number>>> = {
  invalid_value: 422,
  input_too_long: 413,
};

const teiType: Readonly<Partial<Record<ProblemCode, string>>> = {
  empty_input: 'Empty',
  overloaded: 'Overloaded',
  deadline_exceeded: 'Overloaded',
  unavailable: 'Unhealthy',
  internal_error: 'Backend',
};

function tei({ status, code, message, field }: Problem): FormattedError {
  const body = { error: withField(message, field), error_type: teiType[code] ?? 'Validation' };
  return { status: teiStatus[code] ?? status, body };
}

/** Triton refuses what it has no room for as unavailable. */
function oip({ status, code, message, field }: Problem): FormattedError {
  return { status: code === 'overloaded' ? 503 : status, body: { error: withField(message, field) } };
}

const formats: Readonly<Record<ApiFamily, (problem: Problem) => FormattedError>> = { openai, tei, oip };

function withField(message: string, field: string | undefined): string {
  return field === undefined ? message : `\`${field}\`: ${message}`;
}
