import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  installed,
  type OpenRequest,
  openRequestOf,
  placeOf,
  type RequestTrace,
  type Telemetry,
  traceIncoming,
} from '@inferometer/core';
import { context as contextApi } from '@opentelemetry/api';
import type { Handler, Next } from './handler.ts';

export interface TraceRequestsOptions {
  /** Where requests are recorded. @default what `@inferometer/sdk` has started in this process */
  readonly telemetry?: Telemetry;
  /** Phase that a request is in from its start until it enters another one. @default none */
  readonly phase?: string;
}

/** Longest tenant or session taken from a header, characters. */
const maxHeaderLength = 64;

/** The trace of a request. */
export function traceOf(request: IncomingMessage): RequestTrace | undefined {
  return openRequestOf(request)?.trace;
}

/**
 * Opens a trace for each request, parented on the caller's `traceparent`; closes it when the answer has been handed to
 * the system, or the client has gone. A request that is traced already keeps its trace. `x-event-id` of the answer is
 * what `/profiling/traces/{event_id}` finds it by; `x-tenant-id` and `x-session-hash` of the request are recorded.
 */
export function traceRequests(options: TraceRequestsOptions = {}): Handler {
  return (request, response, next) => {
    const telemetry = options.telemetry ?? installed.telemetry;
    if (telemetry === undefined) next();
    else runWithin(openTrace(telemetry, options.phase, request, response), next);
  };
}

export function openTrace(
  telemetry: Telemetry,
  phase: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): OpenRequest {
  const opened = traceIncoming(telemetry, request, response);
  const { trace } = opened;
  if (phase !== undefined) trace.enter(phase, trace.startedAt);
  const tenant = headerOf(request, 'x-tenant-id');
  if (tenant) trace.tenant = tenant;
  const session = headerOf(request, 'x-session-hash');
  if (session) trace.sessionHash = session;
  if (!response.headersSent) response.setHeader('x-event-id', trace.eventId);
  return opened;
}

/** Goes on with the request's context active, which it is already where its server is traced. */
export function runWithin({ context, trace }: OpenRequest, next: Next): void {
  if (placeOf(contextApi.active())?.trace === trace) next();
  else contextApi.with(context, next);
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value.slice(0, maxHeaderLength) : undefined;
}
