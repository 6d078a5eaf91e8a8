import type { Response } from 'express';

/** A stream of server-sent events. The headers leave with the first event, so that earlier failures have a status. */
export interface EventStream {
  readonly started: boolean;
  send(data: unknown): void;
  /** Ends the stream with OpenAI's last event. */
  done(): void;
}

export function createEventStream(response: Response): EventStream {
  const write = (data: string): void => {
    if (response.writableEnded || response.destroyed) return;
    if (!response.headersSent) {
      response.status(200).set({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        // Proxies that buffer would turn a stream into one late answer.
        'x-accel-buffering': 'no',
      });
    }
    response.write(`data: ${data}\n\n`);
  };
  return {
    get started() {
      return response.headersSent;
    },
    send: (data) => write(JSON.stringify(data)),
    done() {
      write('[DONE]');
      response.end();
    },
  };
}
