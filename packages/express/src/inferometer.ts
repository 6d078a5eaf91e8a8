import type { IncomingMessage } from 'node:http';
import { installed, type LiveTrace, openRequestOf, pathOf } from '@inferometer/core';
import type { Handler, HttpRequest } from './handler.ts';
import { type InferometerOptions, isBelow, resolveOptions } from './options.ts';
import { createAccess } from './profiling/access.ts';
import { answerProfiling } from './profiling/answer-profiling.ts';
import { sendTimings } from './timing-headers.ts';
import { traceRequest } from './trace-requests.ts';

/**
 * The one middleware of an Express 4 or 5 app: a trace for each request, `/profiling` and timing headers. It goes before
 * the routes that it is to record. Where no telemetry runs it hands requests on and does nothing else.
 * @throws {RangeError} for an option that cannot be followed
 */
export function inferometer(options: InferometerOptions = {}): Handler {
  const { profiling, timingHeaders, phase, isIgnored, ...resolved } = resolveOptions(options);
  const access = profiling && createAccess(profiling.access);
  return (request, response, next) => {
    const telemetry = resolved.telemetry ?? installed.telemetry;
    if (telemetry === undefined) {
      next();
      return;
    }
    if (profiling && access && isBelow(request.url ?? '', profiling.path)) {
      leaveOut(request);
      const base = ((request as HttpRequest).baseUrl ?? '') + profiling.path;
      const rest = (request.url as string).slice(profiling.path.length);
      answerProfiling({ telemetry, access, request, response, base, url: rest });
      return;
    }
    if (isIgnored?.(request, pathOf(request))) {
      leaveOut(request);
      next();
      return;
    }
    traceRequest(telemetry, phase, request, response, next);
    if (timingHeaders) sendTimings(request, response);
  };
}
