import type { Sink } from '../../overhead/start-sink.ts';
import { ours } from './ours.ts';
import { freePort, type RunningServer, startServer } from './start-server.ts';

/** Our server with its telemetry fully on: spans to the sink, metrics scraped. */
export interface ObservedServer extends RunningServer {
  /** Scrapes that were answered. */
  readonly scrapes: number;
  /** What the sink has of it, once the spans of so many requests have arrived, or no more come. */
  drained(requests: number): Promise<{ readonly spans: number; readonly roots: number }>;
}

const scrapeMs = 1000;
let senders = 0;

/**
 * @param model `NAME=DIR`; the service's own models without it
 * @param args added to `inferometer serve`
 */
export async function startObserved(
  sink: Sink,
  model: string | undefined,
  args: readonly string[] = [],
): Promise<ObservedServer> {
  const sender = `serve-${++senders}`;
  const metricsPort = await freePort();
  const server = await startServer(ours({ model, otlpEndpoint: sink.endpoint(sender), metricsPort, args }));
  let scrapes = 0;
  let timer: NodeJS.Timeout | undefined;
  const scrape = async (): Promise<void> => {
    // One that falls into a pause waits for its end; a server that has ended is somebody else's finding.
    const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`).catch(() => undefined);
    const text = await response?.text().catch(() => undefined);
    if (response?.ok && text?.includes('inference_request_duration_seconds')) scrapes++;
  };
  const scrapeOn = (): void => {
    clearInterval(timer);
    timer = setInterval(() => void scrape(), scrapeMs);
  };
  scrapeOn();
  return {
    ...server,
    get scrapes(): number {
      return scrapes;
    },
    drained: (requests) => sink.drained(sender, requests),
    pause() {
      clearInterval(timer);
      server.pause();
    },
    resume() {
      server.resume();
      scrapeOn();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await server[Symbol.asyncDispose]();
    },
  };
}
