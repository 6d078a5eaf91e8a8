import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type MonoMs, monoNow, type Telemetry } from '@inferometer/core';
import type { Refusal } from '@inferometer/engine';
import { type CallHeaders, callHeadersOf } from './call-options.ts';
import { familyOf, formatProblem } from './error-format.ts';
import { type PathWork, type Served, workOfPath } from './path-work.ts';

/** Bodies up to this are read and thrown away, so that the connection lives on, bytes. */
const keepAliveBytes = 65_536;

/**
 * Refuses what would be refused anyway, before Express and tracing see it and before its body is read: a server that
 * spends its time on refusals has none left for answers. It looks at the queues of all models that the path could mean,
 * and lets through whatever one of them would take; who gets through is looked at again with its true size.
 */
export function admissionGate(served: Served, telemetry: Telemetry, next: RequestListener): RequestListener {
  return (request, response) => {
    const arrived = monoNow();
    const work = request.method === 'POST' ? workOfPath(pathOf(request), served) : undefined;
    const refused = work && refusalOf(work, request, arrived);
    if (refused) refuse(request, response, refused, telemetry, arrived);
    else next(request, response);
  };
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { refusal, model, route }: Refused,
  telemetry: Telemetry,
  arrived: MonoMs,
): void {
  const { message, reason, retryAfterS } = refusal;
  const problem = { status: 429, code: 'overloaded', message, field: undefined } as const;
  const { status, body } = formatProblem(problem, familyOf(route));
  const json = JSON.stringify(body);
  const isSmall = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= keepAliveBytes;
  response.writeHead(status, {
    'retry-after': String(retryAfterS),
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(json),
    ...(isSmall ? {} : { connection: 'close' }),
  });
  response.end(json);
  const seconds = (monoNow() - arrived) / 1000;
  telemetry.observer.requestTurnedAway({ model, reason, method: 'POST', route, status, seconds });
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

interface Refused {
  readonly refusal: Refusal;
  readonly model: string;
  readonly route: string;
}

/** Of the first of these models, if each of them refuses. */
function refusalOf(
  { models, route, refusalOf: ask }: PathWork,
  request: IncomingMessage,
  arrived: MonoMs,
): Refused | undefined {
  let call: CallHeaders;
  try {
    call = callHeadersOf(request, arrived);
  } catch {
    // The route says so in its API's words.
    return undefined;
  }
  let first: Refused | undefined;
  for (const model of models) {
    const refusal = ask(model, call);
    if (refusal === undefined) return undefined;
    first ??= { refusal, model: model.name, route };
  }
  return first;
}
