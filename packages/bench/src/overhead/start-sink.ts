import { setTimeout as sleep } from 'node:timers/promises';
import type { SpanCounts } from './otlp-spans.ts';
import { startChild } from './start-child.ts';

/** An OTLP receiver that counts spans and discards them. */
export interface Sink extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT of one sender. */
  endpoint(sender: string): string;
  /** What the sender has delivered so far. */
  counts(sender: string): Promise<SpanCounts>;
  /** Waits until the sender has delivered the roots of all requests and sends no more, or nothing for ten seconds. */
  drained(sender: string, requests: number): Promise<SpanCounts>;
}

const pollMs = 100;
/** More than the OTEL_BSP_SCHEDULE_DELAY that every row has. */
const quietMs = 1200;
const giveUpMs = 10_000;

export async function startSink(): Promise<Sink> {
  const child = await startChild({
    name: 'the OTLP sink',
    module: new URL('./sink.js', import.meta.url),
    ready: /listening on (http:\S+)\n/,
  });
  const counts = async (sender: string): Promise<SpanCounts> =>
    ((await child.ask('counts')) as Record<string, SpanCounts>)[sender] ?? { spans: 0, roots: 0 };
  return {
    endpoint: (sender) => `${child.match[1]}/${sender}`,
    counts,
    async drained(sender, requests) {
      let last = await counts(sender);
      let changed = performance.now();
      for (;;) {
        await sleep(pollMs);
        const now = await counts(sender);
        if (now.spans !== last.spans) changed = performance.now();
        last = now;
        const quietFor = performance.now() - changed;
        if (quietFor >= (last.roots >= requests ? quietMs : giveUpMs)) return last;
      }
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
