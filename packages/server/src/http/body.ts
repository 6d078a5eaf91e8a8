import { isUtf8 } from 'node:buffer';
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
  const json = express.json({ limit: limitBytes, strict: false, type: () => true, verify: checkUtf8 });
  return [checkType, json, checkObject];
}

/**
 * A decoder would put replacement characters in the place of what is broken, and the model would be asked another thing.
 * @throws {RequestProblem} 400 that names the byte
 */
function checkUtf8(_request: unknown, _response: unknown, body: Buffer, charset: string): void {
  if (charset.toLowerCase() !== 'utf-8' || isUtf8(body)) return;
  const message = `the body is not valid UTF-8: byte ${brokenAt(body)} belongs to no character`;
  throw new RequestProblem(400, 'invalid_json', message);
}

/** Where the first character begins that is none, bytes. */
function brokenAt(body: Buffer): number {
  const text = body.toString();
  const replacement = '\ufffd';
  for (let at = text.indexOf(replacement); at >= 0; at = text.indexOf(replacement, at + 1)) {
    const byte = Buffer.byteLength(text.slice(0, at));
    if (!body.subarray(byte, byte + 3).equals(Buffer.from(replacement))) return byte;
  }
  return body.length;
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
