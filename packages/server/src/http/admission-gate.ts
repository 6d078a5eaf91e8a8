import { monoNow, type Telemetry } from '@inferometer/core';
import type { Refusal } from '@inferometer/engine';
import type { RequestHandler } from 'express';
import type { ModelRegistry } from '../models/registry.ts';
import { type CallHeaders, callHeadersOf } from './call-options.ts';
import { familyOf, formatProblem } from './error-format.ts';

/** Bodies up to this are read and thrown away, so that the connection lives on, bytes. */
const keepAliveBytes = 65_536;

/**
 * Refuses what would be refused anyway, before its body is read and anything is made for it: a server that spends its
 * time on refusals has none left for answers. It looks at the queues of all models that the path could mean, and lets
 * through whatever one of them would take; who gets through is looked at again with its true size.
 */
export function admissionGate(registry: ModelRegistry, telemetry: Telemetry): RequestHandler {
  return (request, response, next) => {
    const arrived = monoNow();
    let call: CallHeaders;
    try {
      call = callHeadersOf(request, arrived);
    } catch {
      // The route says so in its API's words.
      return next();
    }
    const path = request.baseUrl + (request.path === '/' ? '' : request.path);
    const refused = refusalOf(registry, path, call);
    if (!refused) return next();
    const { refusal, model } = refused;
    const problem = {
      status: 429,
      code: 'overloaded',
      message: refusal.message,
      field: undefined,
    } as const;
    const { status, body } = formatProblem(problem, familyOf(path));
    response.setHeader('retry-after', String(refusal.retryAfterS));
    const isSmall = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= keepAliveBytes;
    if (!isSmall) response.setHeader('connection', 'close');
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(body));
    telemetry.observer.requestTurnedAway({
      model,
      reason: refusal.reason,
      method: request.method,
      route: path,
      status,
      seconds: (monoNow() - arrived) / 1000,
    });
  };
}

function refusalOf(
  registry: ModelRegistry,
  path: string,
  call: CallHeaders,
): { readonly refusal: Refusal; readonly model: string } | undefined {
  const kind = kindOf(path);
  let first: { readonly refusal: Refusal; readonly model: string } | undefined;
  for (const model of registry.models) {
    if (model.kind !== kind) continue;
    const refusal = model.refusal(call);
    if (refusal === undefined) return undefined;
    first ??= { refusal, model: model.name };
  }
  return first;
}

/** Kinds of models by the paths that run them; other paths say it in their body or name the model. */
function kindOf(path: string): 'embedding' | 'generative' | 'tensor' | undefined {
  if (path === '/embed' || path === '/v1/embeddings' || path === '/nicknames') return 'embedding';
  if (path === '/v1/completions' || path === '/v1/chat/completions' || path === '/apps/llm_chat')
    return 'generative';
  if (path === '/apps/image') return 'tensor';
  return undefined;
}
