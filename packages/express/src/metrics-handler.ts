import { messageOf } from '@inferometer/core';
import type { RequestHandler } from 'express';

/** The text of one scrape. */
export interface ScrapeBody {
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** Answers scrapes; a collection that fails is a 500 with its cause, which Prometheus shows on its targets page. */
export function metricsHandler(collect: (accept: string | undefined) => Promise<ScrapeBody>): RequestHandler {
  return (request, response) => {
    collect(request.get('accept')).then(
      ({ contentType, body }) => response.setHeader('content-type', contentType).end(body),
      (error: unknown) =>
        response
          .status(500)
          .type('text/plain')
          .send(`collecting metrics failed: ${messageOf(error)}\n`),
    );
  };
}
