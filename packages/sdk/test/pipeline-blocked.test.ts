import { gunzipSync } from 'node:zlib';
import { type Collector, describeWithParts, startCollector, waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createControl } from '../src/shared/control.ts';
import { createBlockWatch } from '../src/worker/block-watch.ts';
import { parseExposition } from './exposition-parse.ts';
import { type App, accepts, startApp, totalOf } from './pipeline-setup.ts';

const sum = 'inference_eventloop_blocked_seconds_sum';
const count = 'inference_eventloop_blocked_seconds_count';
const current = 'inference_eventloop_current_block_seconds';
const blockMs = 3_000;

describeWithParts('a main loop that stands still', ['otelcol'], () => {
  let stack: AsyncDisposableStack;
  let collector: Collector;
  let app: App;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    collector = stack.use(await startCollector());
    app = stack.use(
      await startApp({
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          // Spans leave within the block, not before it.
          OTEL_BSP_SCHEDULE_DELAY: '1000',
          INFEROMETER_LIVEZ_BLOCKED_MS: '1000',
          // A machine that others share stops a thread for longer than the default now and then.
          INFEROMETER_BLOCKED_THRESHOLD_MS: '400',
        },
      }),
    );
  });
  afterAll(() => stack?.disposeAsync());

  const livez = () => fetch(`${app.metricsUrl}/livez`);
  const spansOf = async (route: string): Promise<number> =>
    (await collector.spans()).filter(({ attributes }) => attributes['http.route'] === route).length;

  test('still answers scrapes, exports spans and is told by /livez; its block shows', async () => {
    await app.get('/work/0');
    const before = await app.scrape();
    expect(totalOf(before, current)).toBe(0);
    expect(await (await livez()).json()).toEqual({ status: 'ok', blocked_seconds: 0 });

    const exportedBefore = await spansOf('/work/:ms');
    await app.get('/work/1');
    const startedAt = performance.now();
    await app.post(`/block/${blockMs}`);
    await waitFor('a block', async () => (totalOf(await app.scrape(), current) ?? 0) > 0, {
      intervalMs: 20,
    });

    let isFree = false;
    const free = app.get('/work/0').then(() => {
      isFree = true;
    });

    // All formats, with and without gzip.
    for (const accept of Object.values(accepts)) {
      for (const encoding of ['identity', 'gzip']) {
        const asked = performance.now();
        const body = await rawScrape(accept, encoding);
        expect(performance.now() - asked).toBeLessThan(1000);
        expect(body.length).toBeGreaterThan(1000);
        expect(body.includes(current)).toBe(true);
      }
    }
    const first = await app.scrape();
    // What only the main thread can read is as it told it last.
    expect(totalOf(first, 'app_jobs_total')).toBeGreaterThanOrEqual(
      totalOf(before, 'app_jobs_total') as number,
    );
    // Ours are read from shared memory: the request before the block counts.
    expect(totalOf(first, 'inference_request_duration_seconds_count')).toBeGreaterThan(
      totalOf(before, 'inference_request_duration_seconds_count') ?? 0,
    );
    await waitFor('/livez to fail', async () => (await livez()).status === 503);
    expect(await (await livez()).json()).toMatchObject({ status: 'blocked', limit_seconds: 1 });
    await waitFor('the span of before the block', async () => (await spansOf('/work/:ms')) > exportedBefore);
    const second = await app.scrape();
    expect(isFree).toBe(false);
    expect(totalOf(second, sum)).toBeGreaterThan(totalOf(first, sum) as number);
    expect(totalOf(second, current)).toBeGreaterThan(totalOf(first, current) as number);
    expect(totalOf(second, count)).toBe(totalOf(before, count));

    await free;
    const tookS = (performance.now() - startedAt) / 1000;
    await waitFor('the loop to turn', async () => totalOf(await app.scrape(), current) === 0);
    const after = await app.scrape();
    expect(totalOf(after, count)).toBe((totalOf(before, count) as number) + 1);
    const blockedS = (totalOf(after, sum) as number) - (totalOf(before, sum) as number);
    expect(blockedS).toBeGreaterThan(blockMs / 1000 - 0.1);
    expect(blockedS).toBeLessThan(tookS);
    expect((await livez()).status).toBe(200);
  });

  test('a process that is stopped as a whole is not blocked', async () => {
    const before = await app.scrape();
    app.process.signal('SIGSTOP');
    const answered = app.scrape();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    app.process.signal('SIGCONT');
    // Asked for during the stop: the first thing that the worker does afterwards.
    expect(totalOf(await answered, current)).toBeLessThan(0.5);
    expect((await livez()).status).toBe(200);
    await app.get('/work/0');
    const after = await app.scrape();
    expect((totalOf(after, sum) as number) - (totalOf(before, sum) as number)).toBeLessThan(0.5);
  });

  async function rawScrape(accept: string, encoding: string): Promise<Buffer> {
    // fetch would undo the encoding without saying so.
    const { get } = await import('node:http');
    return new Promise((resolve, reject) => {
      get(`${app.metricsUrl}/metrics`, { headers: { accept, 'accept-encoding': encoding } }, (response) => {
        expect(response.statusCode).toBe(200);
        expect(response.headers['content-type']?.split(';')[0]).toBe(accept.split(';')[0]);
        expect(response.headers['content-encoding']).toBe(encoding === 'gzip' ? 'gzip' : undefined);
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const body = Buffer.concat(parts);
          const plain = encoding === 'gzip' ? gunzipSync(body) : body;
          if (accept !== accepts.protobuf) parseExposition(plain.toString());
          resolve(plain);
        });
      }).on('error', reject);
    });
  }
});

test('a stop of the whole process is no block, whenever it is looked at and whenever it came', () => {
  vi.useFakeTimers();
  try {
    const control = createControl();
    let nowMs = 1_000;
    const beat = (): void => control.set('heartbeatMs', nowMs);
    const ended = vi.fn();
    beat();
    control.set('beating', 1);
    const watch = createBlockWatch(control, { thresholdMs: 100, ended, now: () => nowMs });
    const pass = (ms: number, beats: boolean): void => {
      for (let i = 0; i < ms; i += 20) {
        nowMs += 20;
        if (beats) beat();
        vi.advanceTimersByTime(20);
      }
    };
    pass(200, true);
    nowMs += 5_000;
    expect(watch.currentSeconds).toBe(0);
    pass(200, true);
    expect(ended).not.toHaveBeenCalled();
    // A beat that nobody looked at before the stop is not the one that ended it.
    nowMs += 10;
    beat();
    nowMs += 5_000;
    vi.advanceTimersByTime(20);
    expect(watch.currentSeconds).toBe(0);
    pass(200, true);
    expect(ended).not.toHaveBeenCalled();
    // One that is none of the process: told while it lasts, counted when it is over.
    pass(500, false);
    expect(watch.currentSeconds).toBeCloseTo(0.48, 5);
    pass(20, true);
    expect(ended).toHaveBeenCalledOnce();
    expect(ended.mock.calls[0]?.[0]).toBeCloseTo(0.5, 5);
    watch.stop();
  } finally {
    vi.useRealTimers();
  }
});
