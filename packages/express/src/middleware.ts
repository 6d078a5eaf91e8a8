import type { OpenRequest, RequestTrace, Telemetry } from '@inferometer/core';
import { context as contextApi } from '@opentelemetry/api';
import type { Request, RequestHandler } from 'express';

/** Status of a request whose client went away before its answer was complete (nginx's). */
export const clientClosedRequest = 499;

const open = new WeakMap<object, { readonly request: OpenRequest; readonly gone: AbortController }>();

/** The trace of a request that went through `traceRequests`. */
export function traceOf(request: Request): RequestTrace | undefined {
  return open.get(request)?.request.trace;
}

/** Aborted when the client goes away before its answer is complete. */
export function goneSignal(request: Request): AbortSignal | undefined {
  return open.get(request)?.gone.signal;
}

/**
 * Opens a trace for each request, parented on the caller's `traceparent`, in the phase `admission`; closes it when the
 * answer has been handed to the system, or the client has gone.
 */
export function traceRequests(telemetry: Telemetry): RequestHandler {
  return (request, response, next) => {
    const path = request.originalUrl.split('?', 1)[0] as string;
    const opened = telemetry.openRequest({
      method: request.method,
      path,
      headers: request.headers,
      attributes: {
        'http.request.method': request.method,
        'url.path': path,
        'url.scheme': request.protocol,
        'server.address': request.hostname,
        'network.protocol.version': request.httpVersion,
        'client.address': request.socket.remoteAddress ?? '',
        'user_agent.original': request.get('user-agent') ?? '',
      },
    });
    const { trace } = opened;
    const gone = new AbortController();
    open.set(request, { request: opened, gone });
    trace.enter('admission', trace.startedAt);
    const tenant = request.get('x-tenant-id');
    if (tenant) trace.tenant = tenant.slice(0, 64);
    const session = request.get('x-session-hash');
    if (session) trace.sessionHash = session.slice(0, 64);
    response.setHeader('x-event-id', trace.eventId);
    response.once('finish', () => opened.close(outcomeOf(response.statusCode, trace)));
    response.once('close', () => {
      if (trace.ended) return;
      gone.abort();
      opened.close({ status: clientClosedRequest, errorType: 'client_disconnected' });
    });
    contextApi.with(opened.context, next);
  };
}

function outcomeOf(status: number, trace: RequestTrace): { status: number; errorType?: string } {
  if (status < 400 && trace.errorType === undefined) return { status };
  return { status, errorType: trace.errorType ?? String(status) };
}
