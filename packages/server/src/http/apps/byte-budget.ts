import { InferometerError } from '@inferometer/core';
import type { RequestHandler } from 'express';

/**
 * Lets through requests whose bodies together have so many bytes, from their start to the end of their answers: bodies
 * that are held in memory while they queue are bounded by their bytes, as a queue counts requests alone.
 * @param mostBytes of all that are there
 * @param mostOfOne what a body without a length counts as
 * @throws {InferometerError} OVERLOADED, before the body is read
 */
export function byteBudget(mostBytes: number, mostOfOne: number): RequestHandler {
  let held = 0;
  return (request, response, next) => {
    const said = request.headers['content-length'];
    // What is longer than a body may be is refused by whoever reads it.
    const bytes = Math.min(said === undefined ? mostOfOne : Number(said), mostOfOne);
    if (held > 0 && held + bytes > mostBytes) {
      const message = `the bodies of other requests fill the ${mostBytes} bytes that there are for them`;
      next(new InferometerError('OVERLOADED', message));
      return;
    }
    held += bytes;
    response.once('close', () => {
      held -= bytes;
    });
    next();
  };
}
