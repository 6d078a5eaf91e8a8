import type { IncomingHttpHeaders } from 'node:http';
import express, { type RequestHandler } from 'express';
import { RequestProblem } from './problem.ts';

/**
 * Reads a JSON object.
 * @param limitBytes longest body, after decompression
 */
export function jsonBody(limitBytes: number): RequestHandler[] {
  const checkType: RequestHandler = (request, _response, next) => {
    if (request.is(['application/json', 'application/*+json'])) return next();
    const type = request.get('content-type');
    // A body-less request has no type to be wrong: it is told that the body is missing.
    if (type === undefined && !hasBody(request.headers)) return next(missingBody());
    const got = type === undefined ? 'no content type' : `content type ${type.slice(0, 100)}`;
    next(new RequestProblem(415, 'unsupported_media_type', `${got}, expected application/json`));
  };
  const checkObject: RequestHandler = (request, _response, next) => {
    if (request.body === undefined) return next(missingBody());
    if (typeof request.body === 'object' && request.body !== null && !Array.isArray(request.body))
      return next();
    next(
      new RequestProblem(
        400,
        'invalid_value',
        `the body is ${describe(request.body)}, expected a JSON object`,
      ),
    );
  };
  return [checkType, express.json({ limit: limitBytes, strict: false, type: () => true }), checkObject];
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function missingBody(): RequestProblem {
  return new RequestProblem(400, 'invalid_json', 'the body is missing, expected a JSON object');
}

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') {
    return value === ''
      ? 'an empty string'
      : `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
  }
  return `the ${typeof value} ${String(value)}`;
}
