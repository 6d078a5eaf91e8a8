import type { IncomingMessage } from 'node:http';
import {
  answerProfiling,
  createProfilingAccess,
  installed,
  isBelow,
  type LiveTrace,
  pathOf,
  profilingInCode,
} from '@inferometer/core';
import type { Handler, HttpRequest } from './handler.ts';
import { decidesProfiling, type InferometerOptions, resolveOptions } from './options.ts';
import { sendTimings } from './timing-headers.ts';
import { openTrace, runWithin, traceOf } from './trace-requests.ts';

/**
 * The one middleware of an Express 4 or 5 app: a trace for each request, `/profiling` and timing headers. It goes before
 * the routes that it is to record. Where no telemetry runs it hands requests on and does nothing else.
 * @throws {RangeError} for an option or a variable that cannot be followed
 */
export function inferometer(options: InferometerOptions = {}): Handler {
  const { profiling, timingHeaders, phase, isIgnored, ...resolved } = resolveOptions(options);
  if (decidesProfiling(options)) profilingInCode.isDecided = true;
  const access = profiling && createProfilingAccess(profiling.access);
  return (request, response, next) => {
    const telemetry = resolved.telemetry ?? installed.telemetry;
    if (telemetry === undefined) {
      next();
      return;
    }
    const { url = '/' } = request;
    if (profiling && access && isBelow(url, profiling.path)) {
      leaveOut(request, profiling.path);
      const base = ((request as HttpRequest).baseUrl ?? '') + profiling.path;
      answerProfiling({ telemetry, access, request, response, base, url: url.slice(profiling.path.length) });
      return;
    }
    if (isIgnored?.(request, pathOf(request))) {
      leaveOut(request);
      next();
      return;
    }
    const opened = openTrace(telemetry, phase, request, response);
    if (timingHeaders) sendTimings(opened.trace, response);
    runWithin(opened, next);
  };
}

/** A request that the HTTP server's own tracing has opened is counted; it is neither exported nor kept. */
function leaveOut(request: IncomingMessage, route?: string): void {
  const trace = traceOf(request) as LiveTrace | undefined;
  if (trace === undefined) return;
  trace.isOffRecord = true;
  trace.sampled = false;
  if (route !== undefined) trace.route = route;
}
