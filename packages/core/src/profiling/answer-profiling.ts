import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Telemetry } from '../telemetry.ts';
import type { AccessCheck } from './access.ts';
import { type Answer, endpointOf } from './endpoints.ts';

export interface ProfilingRequest {
  readonly telemetry: Telemetry;
  readonly access: AccessCheck;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path of /profiling itself, for the list of what there is. */
  readonly base: string;
  /** URL below it, with the query. */
  readonly url: string;
}

/** Answers a request to /profiling, or says why not. */
export function answerProfiling(asked: ProfilingRequest): void {
  const { request, response, access } = asked;
  // A body that nobody reads would keep the connection from its next request.
  request.resume();
  const refused = access(request);
  if (refused) {
    const headers = refused.status === 401 ? { 'www-authenticate': 'Bearer realm="profiling"' } : {};
    send(response, { status: refused.status, body: { error: refused.error }, headers });
    return;
  }
  send(response, answerTo(asked));
}

function answerTo({ telemetry, request, base, url }: ProfilingRequest): Answer {
  const [path = '', query = ''] = url.split('?', 2);
  const [name = '', id = '', ...more] = path.split('/').slice(1);
  const endpoint =
    more.length > 0
      ? undefined
      : endpointOf({ telemetry, base, name, id: decoded(id), query: new URLSearchParams(query) });
  if (endpoint === undefined) {
    return {
      status: 404,
      body: { error: `there is no ${base}${path} here; GET ${base} lists what there is` },
    };
  }
  const { method } = endpoint;
  if (request.method === method || (request.method === 'HEAD' && method === 'GET')) return endpoint.answer();
  return {
    status: 405,
    body: { error: `${request.method} is not allowed here, expected ${method}` },
    headers: { allow: method === 'GET' ? 'GET, HEAD' : method },
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  const text = JSON.stringify(body);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', Buffer.byteLength(text));
  // What it tells is of now, and of requests that are nobody else's business.
  response.setHeader('cache-control', 'no-store');
  response.end(text);
}
