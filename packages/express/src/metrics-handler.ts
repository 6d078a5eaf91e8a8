import { messageOf } from '@inferometer/core';
import type { RequestHandler } from 'express';

/** The text of one scrape. */
export interface ScrapeBody {
  readonly contentType: string;
  readonly body: string;
}

/** Answers scrapes; a collection that fails is a 500 with its cause, which Prometheus shows on its targets page. */
export function metricsHandler(collect: () => Promise<ScrapeBody>): RequestHandler {
  return (_request, response) => {
    collect().then(
      ({ contentType, body }) => response.set('content-type', contentType).send(body),
      (error: unknown) =>
        response
          .status(500)
          .type('text/plain')
          .send(`collecting metrics failed: ${messageOf(error)}\n`),
    );
  };
}
