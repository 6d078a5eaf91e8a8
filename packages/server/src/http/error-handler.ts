import type { Telemetry } from '@inferometer/core';
import { traceOf } from '@inferometer/express';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { familyOf, formatProblem } from './error-format.ts';
import { type ProblemCode, problemOf, RequestProblem } from './problem.ts';

/** Failures by which a request was refused rather than failed: they are counted by their reasons. */
const rejects: readonly ProblemCode[] = ['overloaded', 'unavailable', 'deadline_exceeded'];

/** Answers every failure in the format of the API that it came by. */
export function errorHandler(telemetry: Telemetry, log: Logger): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const problem = problemOf(error);
    const trace = traceOf(request);
    if (trace) trace.errorType = problem.code;
    // What is refused is counted: a line for each would make an overload worse.
    if (problem.status >= 500 && !rejects.includes(problem.code))
      log.error({ err: error, path: request.path, trace_id: trace?.traceId }, problem.message);
    if (rejects.includes(problem.code)) {
      telemetry.observer.requestRejected(trace?.model ?? 'none', problem.reason ?? problem.code);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const { status, body } = formatProblem(problem, familyOf(request.path));
    if (problem.retryAfterS !== undefined) response.set('retry-after', String(problem.retryAfterS));
    // What is left of a body that was refused would be read as the next request.
    if (!request.complete) response.set('connection', 'close');
    response.status(status).json(body);
  };
}

export const notFound: RequestHandler = (request) => {
  throw new RequestProblem(404, 'not_found', `there is no ${request.path} here`);
};

/** Refuses the methods that a path has no handler for. */
export function allowOnly(...methods: readonly string[]): RequestHandler {
  const allow = methods.join(', ');
  const expected = methods.join(' or ');
  return (request, response) => {
    response.set('allow', allow);
    const message = `${request.method} is not allowed here, expected ${expected}`;
    throw new RequestProblem(405, 'method_not_allowed', message);
  };
}

/** Refuses methods other than POST. */
export const postOnly: RequestHandler = allowOnly('POST');
