import { type CacheMode, type CacheSummary, resultOf } from '@inferometer/engine';
import type { Request, Response } from 'express';

/**
 * How a request wants caches used: `no-store` leaves them aside, `no-cache` and `max-age=0` have the answer computed anew
 * and kept (RFC 9111).
 */
export function cacheModeOf(request: Request): CacheMode {
  const header = request.headers['cache-control'];
  if (header === undefined) return 'use';
  const directives = header.split(',').map((directive) => directive.trim().toLowerCase());
  if (directives.includes('no-store')) return 'off';
  return directives.some((it) => it === 'no-cache' || /^max-age="?0+"?$/.test(it)) ? 'refresh' : 'use';
}

/** Tells the client how caches answered: `x-cache: hit`, `stale` or `miss`, the worst of its inputs. */
export function tellCache(response: Response | undefined, summary: CacheSummary): void {
  if (response && !response.headersSent) response.set('x-cache', resultOf(summary));
}
