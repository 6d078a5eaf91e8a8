import type { IncomingMessage, ServerResponse } from 'node:http';

/** Hands a request on to what comes after, or to the error handlers. */
export type Next = (error?: unknown) => void;

/** A request, with what Express 4 and 5 add to Node's. */
export interface HttpRequest extends IncomingMessage {
  readonly originalUrl?: string;
  /** Path at which the router is mounted that has the request now. */
  readonly baseUrl?: string;
}

/**
 * A handler for `app.use` of Express 4 and 5, written against what both build on: neither's types are needed.
 */
export type Handler = (request: IncomingMessage, response: ServerResponse, next: Next) => void;
