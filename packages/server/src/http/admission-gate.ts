import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type MonoMs, monoNow, type Telemetry } from '@inferometer/core';
import type { Model, Refusal } from '@inferometer/engine';
import type { ModelRegistry } from '../models/registry.ts';
import { type CallHeaders, callHeadersOf } from './call-options.ts';
import { familyOf, formatProblem } from './error-format.ts';

/** Bodies up to this are read and thrown away, so that the connection lives on, bytes. */
const keepAliveBytes = 65_536;

/**
 * Refuses what would be refused anyway, before Express and tracing see it and before its body is read: a server that
 * spends its time on refusals has none left for answers. It looks at the queues of all models that the path could mean,
 * and lets through whatever one of them would take; who gets through is looked at again with its true size.
 */
export function admissionGate(
  registry: ModelRegistry,
  telemetry: Telemetry,
  next: RequestListener,
): RequestListener {
  return (request, response) => {
    const kind = request.method === 'POST' ? kindOf(pathOf(request)) : undefined;
    const arrived = monoNow();
    const refused = kind && refusalOf(registry, kind, request, arrived);
    if (refused) refuse(request, response, refused, telemetry, arrived);
    else next(request, response);
  };
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { refusal, model }: Refused,
  telemetry: Telemetry,
  arrived: MonoMs,
): void {
  const path = pathOf(request);
  const { message, reason, retryAfterS } = refusal;
  const problem = { status: 429, code: 'overloaded', message, field: undefined } as const;
  const { status, body } = formatProblem(problem, familyOf(path));
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
  telemetry.observer.requestTurnedAway({ model, reason, method: 'POST', route: path, status, seconds });
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

interface Refused {
  readonly refusal: Refusal;
  readonly model: string;
}

function refusalOf(
  registry: ModelRegistry,
  kind: Model['kind'],
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
  for (const model of registry.models) {
    if (model.kind !== kind) continue;
    const refusal = model.refusal(call);
    if (refusal === undefined) return undefined;
    first ??= { refusal, model: model.name };
  }
  return first;
}

/** Kinds of models by the paths that run them; other paths say it in their body or name the model. */
const kinds: Readonly<Record<string, Model['kind']>> = {
  '/embed': 'embedding',
  '/v1/embeddings': 'embedding',
  '/nicknames': 'embedding',
  '/v1/completions': 'generative',
  '/v1/chat/completions': 'generative',
  '/apps/llm_chat': 'generative',
  '/apps/image': 'tensor',
};

function kindOf(path: string): Model['kind'] | undefined {
  return Object.hasOwn(kinds, path) ? kinds[path] : undefined;
}
