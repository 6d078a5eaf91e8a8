import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Attributes } from '@opentelemetry/api';
import { type CutShort, closeWithConnection, cutShort, forgetConnection } from './cut-short.ts';
import { type Routed, routeOf, watchRoutes } from './route/route-of.ts';
import { ATTR } from './semconv.ts';
import type { OpenRequest, Telemetry } from './telemetry.ts';
import type { LiveTrace } from './trace/live-trace.ts';

/** Shared by all copies of this module in a process. */
const openKey: unique symbol = Symbol.for('inferometer.request') as never;
const goneKey: unique symbol = Symbol.for('inferometer.request.gone') as never;
const isGoneKey: unique symbol = Symbol.for('inferometer.request.isGone') as never;

interface Traced {
  [openKey]?: OpenRequest;
  /** Made when somebody asks for its signal: it costs more than all else here, and aborting it ten times as much. */
  [goneKey]?: AbortController;
  [isGoneKey]?: boolean;
}

/** The open trace of an HTTP request. */
export function openRequestOf(request: IncomingMessage): OpenRequest | undefined {
  return (request as Traced)[openKey];
}

/**
 * Aborted once nobody will read the answer of a request any more: the client has gone, or the connection was cut, before
 * it was complete. Where requests are not traced, Express must have given the request its answer (`request.res`).
 * @returns undefined where neither is so
 */
export function goneSignal(request: IncomingMessage): AbortSignal | undefined {
  const traced = request as Traced;
  if (traced[goneKey] !== undefined) return traced[goneKey].signal;
  const response = (request as { res?: ServerResponse }).res;
  if (traced[openKey] === undefined && response === undefined) return undefined;
  const controller = new AbortController();
  traced[goneKey] = controller;
  if (traced[isGoneKey]) controller.abort();
  else if (traced[openKey] === undefined) response?.on('close', abortIfCutShort);
  return controller.signal;
}

function abortIfCutShort(this: ServerResponse): void {
  if (cutShort(this.req, this) !== undefined) (this.req as Traced)[goneKey]?.abort();
}

/**
 * Opens the trace of an HTTP request, parented on the caller's `traceparent`; it is closed when the answer has been
 * handed to the system, the client has gone, or the server has given the answer up.
 * @returns the one that is open already, if there is
 */
export function traceIncoming(
  telemetry: Telemetry,
  request: IncomingMessage,
  response: ServerResponse,
): OpenRequest {
  const before = (request as Traced)[openKey];
  if (before !== undefined) return before;
  watchRoutes();
  const opened = telemetry.openRequest({
    method: request.method ?? 'GET',
    path: pathOf(request),
    headers: request.headers,
    attributes: () => attributesOf(request),
  });
  (request as Traced)[openKey] = opened;
  // 'close' follows 'finish' at once, and comes without it when the client has gone: one listener for both.
  response.on('close', closeRequest);
  closeWithConnection(request, response, closeRequest);
  return opened;
}

/** The path that the client asked for, whatever routers have cut off it since. */
export function pathOf(request: IncomingMessage & Routed): string {
  const url = request.originalUrl ?? request.url ?? '/';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function closeRequest(this: ServerResponse): void {
  const { req: request } = this;
  const traced = request as Traced;
  const opened = traced[openKey];
  if (opened === undefined) return;
  forgetConnection(request, this);
  const cut = cutShort(request, this);
  const trace = opened.trace as LiveTrace;
  if (!trace.ended) {
    // The socket keeps it from the first look on; later, when it is told of, the connection may be gone.
    void request.socket?.remoteAddress;
    if (trace.route === '') trace.route = routeOf(request as Routed);
    opened.close(outcomeOf(this, trace, cut));
  }
  if (cut === undefined) return;
  traced[isGoneKey] = true;
  traced[goneKey]?.abort();
}

function outcomeOf(
  { statusCode: status }: ServerResponse,
  trace: LiveTrace,
  cut: CutShort | undefined,
): { readonly status: number; readonly errorType?: string } {
  if (cut === undefined) {
    if (status < 400 && trace.errorType === undefined) return { status };
    return { status, errorType: trace.errorType ?? String(status) };
  }
  if (!cut.byServer) {
    // What the handler made of it afterwards would blame the server.
    trace.lateStatus = undefined;
    return { status: cut.status, errorType: cut.errorType };
  }
  return { status: Math.max(status, cut.status), errorType: trace.errorType ?? cut.errorType };
}

/** A server is mostly called by one name. */
let lastHost = '';
let lastAddress = '';
let lastPort: number | undefined;

function parseHost(host: string): void {
  const port = host.lastIndexOf(':');
  // The colons within brackets are an IPv6 address.
  const hasPort = port > host.lastIndexOf(']');
  lastHost = host;
  lastAddress = hasPort ? host.slice(0, port) : host;
  lastPort = hasPort ? Number(host.slice(port + 1)) : undefined;
}

function attributesOf(request: IncomingMessage & Routed): Attributes {
  const { headers, httpVersion } = request;
  // HTTP/2 takes the socket away once the stream has ended.
  const socket = request.socket as TLSSocket | undefined;
  const attributes: Attributes = {
    [ATTR.urlPath]: pathOf(request),
    [ATTR.urlScheme]: socket?.encrypted ? 'https' : 'http',
    [ATTR.protocolVersion]: httpVersion,
  };
  const host = headers.host ?? headers[':authority'];
  if (typeof host === 'string' && host !== '') {
    if (host !== lastHost) parseHost(host);
    attributes[ATTR.serverAddress] = lastAddress;
    if (lastPort !== undefined) attributes[ATTR.serverPort] = lastPort;
  }
  if (socket?.remoteAddress) attributes[ATTR.clientAddress] = socket.remoteAddress;
  const agent = headers['user-agent'];
  if (agent) attributes[ATTR.userAgent] = agent;
  return attributes;
}
