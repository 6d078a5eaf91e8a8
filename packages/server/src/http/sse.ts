import type { ServerResponse } from 'node:http';
import type { Reader } from '@inferometer/engine';

export interface StreamLimits {
  /** A comment is sent after so long without an event, so that nobody on the way takes the stream for dead, ms, > 0. */
  readonly pingMs: number;
  /** A reader that takes nothing of what waits for it for so long is cut off, ms, > 0. */
  readonly stallMs: number;
}

/**
 * A stream of server-sent events. The headers leave with the first event or comment, so that earlier failures have a
 * status. It is behind while more waits for the socket than its buffer should hold (Node's high-water mark, 64 KiB):
 * whoever makes events then waits, so that a slow reader costs that much memory and not the whole answer.
 */
export interface EventStream extends Reader {
  readonly started: boolean;
  /** @param event its type; absent for a message */
  send(data: unknown, event?: string): void;
  /** Ends the stream with OpenAI's last event. */
  done(): void;
  end(): void;
  /** Lets go of it before anything was sent. */
  close(): void;
}

/**
 * @param onStall told before a reader is cut off
 */
export function createEventStream(
  response: ServerResponse,
  limits: StreamLimits,
  onStall: () => void,
): EventStream {
  const listeners = new Set<(isBehind: boolean) => void>();
  let isBehind = false;
  let stall: NodeJS.Timeout | undefined;
  const ping = setTimeout(() => {
    if (!isBehind) write(': ping\n\n');
    ping.refresh();
  }, limits.pingMs);

  const turn = (to: boolean): void => {
    if (isBehind === to) return;
    isBehind = to;
    clearTimeout(stall);
    if (to) watch(response.writableLength);
    for (const listen of listeners) listen(to);
  };

  /** Slow is not stalled: whoever has taken something gets as long again. */
  const watch = (before: number): void => {
    stall = setTimeout(() => {
      const left = response.writableLength;
      if (left < before) return watch(left);
      onStall();
      response.destroy();
    }, limits.stallMs);
  };

  const write = (text: string): void => {
    if (response.writableEnded || response.destroyed) return;
    if (!response.headersSent) {
      response.statusCode = 200;
      response.setHeader('content-type', 'text/event-stream; charset=utf-8');
      response.setHeader('cache-control', 'no-cache, no-transform');
      // Proxies that buffer would turn a stream into one late answer.
      response.setHeader('x-accel-buffering', 'no');
    }
    if (!response.write(text)) turn(true);
  };

  response.on('drain', () => turn(false));
  response.on('close', () => {
    clearTimeout(ping);
    clearTimeout(stall);
  });

  return {
    get started() {
      return response.headersSent;
    },
    get isBehind() {
      return isBehind;
    },
    onChange(listen) {
      listeners.add(listen);
      return () => void listeners.delete(listen);
    },
    send(data, event) {
      ping.refresh();
      write(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
    },
    done() {
      write('data: [DONE]\n\n');
      this.end();
    },
    end() {
      clearTimeout(ping);
      response.end();
    },
    close: () => clearTimeout(ping),
  };
}
