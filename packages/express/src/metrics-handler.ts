import { messageOf } from '@inferometer/core';
import type { Handler } from './handler.ts';

/** The text of one scrape. */
export interface ScrapeBody {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** Answers scrapes; a collection that fails is a 500 with its cause, which Prometheus shows on its targets page. */
export function metricsHandler(collect: (accept: string | undefined) => Promise<ScrapeBody>): Handler {
  return (request, response) => {
    collect(request.headers.accept).then(
      ({ contentType, body }) => response.setHeader('content-type', contentType).end(body),
      (error: unknown) => {
        response.statusCode = 500;
        response.setHeader('content-type', 'text/plain; charset=utf-8');
        response.end(`collecting metrics failed: ${messageOf(error)}\n`);
      },
    );
  };
}
