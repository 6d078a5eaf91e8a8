import { fileURLToPath } from 'node:url';
import { waitFor } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import type { ParsedText } from './exposition-parse.ts';
import { startApp, totalOf } from './pipeline-setup.ts';
import { startSink } from './pipeline-sink.ts';

const harm = fileURLToPath(new URL('apps/pipeline-harm.mjs', import.meta.url));
const count = 'inference_request_duration_seconds_count';
const exported = 'inferometer_spans_exported_total';
const blocks = 'inference_eventloop_blocked_seconds_count';
const cost = 'inferometer_telemetry_cost_seconds_total';

test('a telemetry worker that fails is started again: the app goes on, counters do not fall, spans arrive', async () => {
  await using sink = await startSink();
  await using app = await startApp({
    nodeArgs: ['--import', harm],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      INFEROMETER_EXEMPLAR_INTERVAL_MS: '0',
    },
  });
  let sent = 0;
  const send = async (): Promise<string> => {
    sent++;
    const id = `${sent}`.padStart(32, 'a');
    const response = await app.get('/work/1?model=known&span=1', {
      traceparent: `00-${id}-${'b'.repeat(16)}-01`,
    });
    expect(response.status).toBe(200);
    return id;
  };
  const values = (text: ParsedText): number[] =>
    [count, exported, blocks, cost].map((name) => totalOf(text, name) ?? 0);
  const whole = (id: string) => waitFor('the whole trace', () => (sink.traces.get(id)?.size ?? 0) >= 5);

  await whole(await send());
  await app.post('/block/300');
  let before = await waitFor('the block to be counted', async () => {
    const text = await app.scrape();
    return (totalOf(text, blocks) as number) > 0 ? text : undefined;
  });

  for (const death of ['by an error', 'by force']) {
    const known = values(before);
    app.process.signal('SIGUSR2');
    await waitFor(`its end ${death}`, () =>
      app.scrape().then(
        () => false,
        () => true,
      ),
    );
    // Between two workers, requests are answered and counted.
    await send();
    // On the same port, which was a random one.
    const after = await waitFor('the next one', () => app.scrape());
    for (const [i, value] of values(after).entries()) {
      expect(value).toBeGreaterThanOrEqual(known[i] as number);
    }
    // The one that blocked is one more.
    await app.scrapeOf(sent + 1);
    // Its texts, which the worker before was told, arrive anew.
    await whole(await send());
    before = await waitFor('exports to be counted', async () => {
      const text = await app.scrape();
      return (totalOf(text, exported) as number) > (known[1] as number) ? text : undefined;
    });
    // Both of them count what the ring lost.
    expect(totalOf(before, 'inferometer_spans_dropped_total', { reason: 'ring_full' })).toBe(0);
  }
  expect(app.process.stderr()).toMatch(/^the telemetry worker failed: /m);
  // None with a name that nobody knew any more.
  expect([...sink.names].filter((name) => !name.startsWith('inference.')).sort()).toEqual([
    'GET /work/:ms',
    'POST /block/:ms',
    'inside',
  ]);
});
