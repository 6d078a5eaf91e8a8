import type { ResponseCache } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import type { Request, Response } from 'express';
import { cacheModeOf, tellCache } from './cache-control.ts';
import { callOptions } from './call-options.ts';

/**
 * An answer from the cache of responses, or computed. For what depends on nothing but the request and the model: with
 * temperature 0 or a seed.
 * @param key all that it depends on, with the model's fingerprint; any JSON. undefined where it depends on more
 * @param compute makes it; follows the request's signal and trace by itself
 * @returns what would be left of it on its way through JSON
 */
export async function cachedAnswer<T>(
  cache: ResponseCache | undefined,
  { request, response }: { readonly request: Request; readonly response: Response },
  key: readonly unknown[] | undefined,
  compute: () => Promise<T>,
): Promise<T> {
  const mode = cacheModeOf(request);
  if (cache === undefined || key === undefined || mode === 'off') return compute();
  const trace = traceOf(request);
  // Looking for it, in another process too, is what is done before the model would be asked.
  trace?.enter('preprocess');
  const { value, summary } = await cache.answer(key, compute, { ...callOptions(request), mode });
  tellCache(response, summary);
  return value;
}
