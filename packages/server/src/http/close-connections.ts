import type { RequestListener } from 'node:http';

/**
 * Tells clients to open another connection after their answer, while a condition holds: what comes next on this one may
 * find it closed. Whoever opens a new connection is led elsewhere by then.
 */
export function closeConnectionsIf(isDraining: () => boolean, next: RequestListener): RequestListener {
  return (request, response) => {
    if (isDraining()) response.setHeader('connection', 'close');
    next(request, response);
  };
}
