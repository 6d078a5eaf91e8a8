import type { ServerResponse } from 'node:http';
import type { RequestTrace } from '@inferometer/core';
import type { Handler } from './handler.ts';
import { milliseconds } from './milliseconds.ts';
import { traceOf } from './trace-requests.ts';

/**
 * Tells each traced request's times until its head is written: `Server-Timing` with all phases, `x-queue-time`,
 * `x-inference-time` (the phase `run`) and `x-total-time`, ms. Of a streamed answer that is the time to the first byte.
 */
export function timingHeaders(): Handler {
  return (request, response, next) => {
    const trace = traceOf(request);
    if (trace) sendTimings(trace, response);
    next();
  };
}

type WriteHead = (this: ServerResponse, ...args: unknown[]) => ServerResponse;

const timingKey: unique symbol = Symbol('inferometer.timing');

interface Timed {
  writeHead: WriteHead;
  [timingKey]?: { readonly trace: RequestTrace; readonly writeHead: WriteHead };
}

/** Makes an answer tell its times. All ways of writing a head end in `writeHead`, which middlewares wrap alike. */
export function sendTimings(trace: RequestTrace, response: ServerResponse): void {
  const timed = response as unknown as Timed;
  if (timed[timingKey] !== undefined) return;
  timed[timingKey] = { trace, writeHead: timed.writeHead };
  timed.writeHead = writeHeadWithTimings;
}

function writeHeadWithTimings(this: ServerResponse, ...args: unknown[]): ServerResponse {
  const timed = this as unknown as Timed;
  const { trace, writeHead } = timed[timingKey] as NonNullable<Timed[typeof timingKey]>;
  // Once is enough: a head that is refused is written again by the handler or by Express.
  timed.writeHead = writeHead;
  if (!this.headersSent) setTimings(trace, this);
  return writeHead.apply(this, flatHeaders(args));
}

/** Once headers are set one by one, Node takes a list of names and values, but no longer one of pairs. */
function flatHeaders(args: unknown[]): unknown[] {
  const headers = args[args.length - 1];
  if (Array.isArray(headers) && Array.isArray(headers[0])) args[args.length - 1] = headers.flat();
  return args;
}

function setTimings(trace: RequestTrace, response: ServerResponse): void {
  const { totalUs, totals } = trace.soFar();
  let queueUs = 0;
  let runUs = 0;
  let timing = '';
  let otherUs = 0;
  let count = 0;
  for (const { name, durationUs } of totals) {
    if (name === 'queue') queueUs = durationUs;
    else if (name === 'run') runUs = durationUs;
    if (durationUs === 0) continue;
    if (++count > maxEntries) otherUs += durationUs;
    else timing += `${tokenOf(name)};dur=${milliseconds(durationUs)}, `;
  }
  if (otherUs > 0) timing += `other;dur=${milliseconds(otherUs)}, `;
  const own = response.getHeader('server-timing');
  const before = own === undefined ? '' : `${String(own)}, `;
  response.setHeader('server-timing', `${before}${timing}total;dur=${milliseconds(totalUs)}`);
  response.setHeader('x-queue-time', milliseconds(queueUs));
  response.setHeader('x-inference-time', milliseconds(runUs));
  response.setHeader('x-total-time', milliseconds(totalUs));
}

/** Phases told one by one: names are the app's, and clients refuse answers whose head is too long. */
const maxEntries = 24;
const maxNameLength = 40;

/** A name as Server-Timing takes it: letters, digits and some signs. */
function tokenOf(name: string): string {
  return /[^\w.-]/.test(name) || name.length > maxNameLength
    ? name.replace(/[^\w.-]/g, '_').slice(0, maxNameLength)
    : name;
}
