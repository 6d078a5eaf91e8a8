import { waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ParsedText } from './exposition-parse.ts';
import { flood } from './pipeline-flood.ts';
import { type App, load, startApp, totalOf } from './pipeline-setup.ts';
import { type Behaviour, type Sink, startSink } from './pipeline-sink.ts';

const atATime = 8;
const queueSize = 256;
/** Of GET /plain. */
const spansARequest = 2;

describe('a receiver in trouble', () => {
  let stack: AsyncDisposableStack;
  let sink: Sink;
  let app: App;
  /** Requests to /plain so far. */
  let sent = 0;
  let healthyMs: number[] = [];

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    sink = stack.use(await startSink());
    app = stack.use(
      await startApp({
        nodeArgs: ['--expose-gc'],
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
          OTEL_EXPORTER_OTLP_TIMEOUT: '1200',
          OTEL_BSP_SCHEDULE_DELAY: '50',
          OTEL_BSP_MAX_QUEUE_SIZE: String(queueSize),
          OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '128',
          INFEROMETER_TRACES_PER_SECOND: '0',
          OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'undici',
        },
      }),
    );
    await send(2_000);
    healthyMs = await send(1_000);
    await settled();
  });
  afterAll(() => stack?.disposeAsync());

  async function send(count: number): Promise<number[]> {
    sent += count;
    return load(count, atATime, async () => {
      const response = await app.get('/plain');
      expect(response.status).toBe(200);
      return response;
    });
  }

  const of = (text: ParsedText, what: string): number => totalOf(text, `inferometer_spans_${what}`) ?? 0;
  const lines = (): string[] => app.process.stderr().trim().split('\n');

  /** Waits until nothing is on its way: every span made has been exported or dropped, and is counted so. */
  function settled(): Promise<ParsedText> {
    return waitFor(`${sent * spansARequest} spans to be accounted for`, async () => {
      const text = await app.scrape();
      const accounted = of(text, 'exported_total') + of(text, 'dropped_total');
      if (accounted > sent * spansARequest) {
        throw new Error(`${accounted} spans are accounted for, ${sent * spansARequest} were made`);
      }
      return of(text, 'pending') === 0 && accounted === sent * spansARequest ? text : undefined;
    });
  }

  test('in health, nothing is dropped and every trace arrives whole', async () => {
    const text = await settled();
    expect(of(text, 'dropped_total')).toBe(0);
    expect(sink.spans).toBe(of(text, 'exported_total'));
    expect(sink.traces.size).toBe(sent);
    for (const ids of sink.traces.values()) expect(ids.size).toBe(spansARequest);
  });

  test.each<Behaviour>(['down', 'slow', 'status 429', 'status 503', 'reset', 'silent'])(
    '%s: requests are answered as before, spans are dropped and counted, and it recovers',
    async (behaviour) => {
      const before = await settled();
      const saidBefore = lines().length;
      await sink.become(behaviour);
      const times = await send(600);
      // Far from exact on a shared machine: a request that waits for an export takes hundreds of times longer.
      expect(quantileOf(times, 0.5)).toBeLessThan(quantileOf(healthyMs, 0.5) * 5);
      expect(quantileOf(times, 0.99)).toBeLessThan(quantileOf(healthyMs, 0.99) * 10);
      await waitFor(
        'spans to be dropped',
        async () => of(await app.scrape(), 'dropped_total') > of(before, 'dropped_total'),
      );
      // Bounded by the queue, and a request that was begun.
      expect(of(await app.scrape(), 'pending')).toBeLessThan(queueSize + 8);

      await sink.become('healthy');
      const tracesBefore = sink.traces.size;
      await send(20);
      const after = await settled();
      expect(of(after, 'exported_total')).toBeGreaterThan(of(before, 'exported_total'));
      expect(sink.traces.size).toBeGreaterThanOrEqual(tracesBefore + 20);
      // At most: it cannot be exported, why the transport has given up, and it is exported again.
      expect(lines().length - saidBefore).toBeLessThanOrEqual(4);
    },
  );

  test('an answer that is garbage is none of our business: the spans are taken', async () => {
    const before = await settled();
    await sink.become('garbage');
    await send(100);
    const after = await settled();
    await sink.become('healthy');
    expect(of(after, 'exported_total') - of(before, 'exported_total')).toBe(100 * spansARequest);
    expect(of(after, 'dropped_total')).toBe(of(before, 'dropped_total'));
  });

  test('each line of all that was said once', () => {
    const said = lines().map((line) => line.replaceAll(/\d+/g, '#'));
    expect(said.filter((line, i) => said.indexOf(line) !== i)).toEqual([]);
    expect(said.filter((line) => line.includes('spans cannot be exported')).length).toBeGreaterThan(1);
    expect(said.filter((line) => line.includes('spans are exported again'))).toHaveLength(1);
  });

  test('memory is bounded over 20,000 requests whose spans nobody takes', async () => {
    await sink.become('healthy');
    await settled();
    const memory = async (): Promise<Record<'rss' | 'heap', number>> => {
      sent++;
      const { rss, heapUsed } = (await (await app.get('/memory')).json()) as NodeJS.MemoryUsage;
      return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20 };
    };
    const many = async (): Promise<void> => {
      sent += 20_000;
      // A text that is long is sent to the worker each time.
      await flood(app.url, 20_000, () => '/plain', `user-agent: ${'long '.repeat(100)}\r\n`);
    };
    await sink.become('silent');
    // Until the heaps of both threads have the size that they keep.
    await many();
    const before = await memory();
    await many();
    expect(of(await app.scrape(), 'pending')).toBeLessThan(queueSize + 8);
    const after = await memory();
    expect(after.heap - before.heap).toBeLessThan(10);
    expect(after.rss - before.rss).toBeLessThan(80);
    // The ring holds what the queue does not; what it has no room for is counted as well.
    await sink.become('healthy');
    const text = await settled();
    expect(totalOf(text, 'inferometer_spans_dropped_total', { reason: 'ring_full' })).toBeGreaterThan(0);
  });
});

test('OTEL_BSP_EXPORT_TIMEOUT and OTEL_METRIC_EXPORT_TIMEOUT end an export before the exporter’s own limit', async () => {
  await using sink = await startSink();
  await sink.become('silent');
  await using app = await startApp({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
      OTEL_METRICS_EXPORTER: 'prometheus,otlp',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_BSP_EXPORT_TIMEOUT: '300',
      OTEL_METRIC_EXPORT_INTERVAL: '400',
      OTEL_METRIC_EXPORT_TIMEOUT: '300',
      INFEROMETER_SHUTDOWN_LIMIT_MS: '100',
    },
  });
  await app.get('/plain');
  await waitFor('the spans to be given up', async () => {
    const lost = { reason: 'export_failed' };
    return totalOf(await app.scrape(), 'inferometer_spans_dropped_total', lost) === spansARequest;
  });
  await app.process.waitForOutput(/^metrics cannot be pushed to /m);
});

function quantileOf(times: readonly number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] as number;
}
