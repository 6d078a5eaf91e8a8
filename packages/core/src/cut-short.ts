import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Status of a request whose client went away before its answer was complete (nginx's). */
export const clientClosedRequest = 499;

/** `error.type` of such a request. */
export const clientDisconnected = 'client_disconnected';

/** `error.type` of a request whose answer the server itself gave up. */
export const responseDestroyed = 'response_destroyed';

/** Why an answer ended before it was complete. */
export interface CutShort {
  readonly status: number;
  readonly errorType: string;
  /** Whether the server gave it up while the client was still there. */
  readonly byServer: boolean;
}

const clientLeft: CutShort = {
  status: clientClosedRequest,
  errorType: clientDisconnected,
  byServer: false,
};
const serverGaveUp: CutShort = { status: 500, errorType: responseDestroyed, byServer: true };
/** Node answers these itself, when it can. */
const badBody: CutShort = { status: 400, errorType: 'invalid_http', byServer: false };
const lateBody: CutShort = { status: 408, errorType: 'request_timeout', byServer: false };

/** What the system says of a connection whose other end has gone. */
const connectionLost: ReadonlySet<string | undefined> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  // The end of the connection within a body.
  'HPE_INVALID_EOF_STATE',
]);

/** The part of an HTTP/2 stream that we call. */
interface StreamLike {
  readonly rstCode?: number;
}

const h2NoError = 0;
const h2InternalError = 2;

/**
 * Why a closed answer is not complete; undefined for one that is. A client that left is known by what is seen of it, the
 * end of its stream or an error of the system: without any, the server has closed the connection.
 */
export function cutShort(request: IncomingMessage, response: ServerResponse): CutShort | undefined {
  if (request.httpVersionMajor >= 2) return cutShortStream(response);
  const { socket } = request;
  const error = socket.errored as NodeJS.ErrnoException | null | undefined;
  // Before Node 24 an answer also finishes when its connection is lost: one that is complete closes at once, with nothing
  // wrong yet.
  if (response.writableFinished && !error) return undefined;
  if (socket.readableEnded) return clientLeft;
  // An error that the handler destroyed the answer with can be one of another connection.
  if (!error || error === response.errored) return serverGaveUp;
  if (connectionLost.has(error.code)) return clientLeft;
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return lateBody;
  return error.code?.startsWith('HPE_') ? badBody : serverGaveUp;
}

function cutShortStream(response: ServerResponse): CutShort | undefined {
  const code = (response as { readonly stream?: StreamLike }).stream?.rstCode ?? h2NoError;
  if (response.writableEnded && code === h2NoError) return undefined;
  return code === h2NoError || code === h2InternalError ? serverGaveUp : clientLeft;
}

/** Answers that wait for earlier ones of their connection. */
const queuedKey: unique symbol = Symbol.for('inferometer.queued') as never;

interface Queueing extends Socket {
  [queuedKey]?: Set<ServerResponse>;
}

/**
 * Closes the answer with its connection where Node does not: before Node 24 one that waited for an earlier answer of a
 * pipelined connection was never told.
 */
export function closeWithConnection(
  request: IncomingMessage,
  response: ServerResponse,
  close: (this: ServerResponse) => void,
): void {
  if (response.socket !== null || request.httpVersionMajor >= 2) return;
  const socket = request.socket as Queueing | undefined;
  if (socket === undefined) return;
  let queued = socket[queuedKey];
  if (queued === undefined) {
    const all = new Set<ServerResponse>();
    queued = all;
    socket[queuedKey] = all;
    socket.once('close', () => {
      for (const one of all) close.call(one);
    });
  }
  queued.add(response);
}

/** Lets go of an answer that is closed. */
export function forgetConnection(request: IncomingMessage, response: ServerResponse): void {
  (request.socket as Queueing | undefined)?.[queuedKey]?.delete(response);
}
