import {
  type CollectedSpan,
  type Collector,
  type CollectorPlaces,
  defaultCollectorConfig,
  describeWithParts,
  startCollector,
} from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { samplesOf, startApp, totalOf } from './pipeline-setup.ts';
import { type Sink, startSink } from './pipeline-sink.ts';

const file = 'pipeline-spans.mjs';

/** A span and what is below it. Spans of time in no phase come and go with the machine's mood. */
interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}

function treeOf(root: CollectedSpan, spans: readonly CollectedSpan[]): Tree {
  const children = spans
    .filter(({ parentSpanId, name }) => parentSpanId === root.spanId && name !== 'inference.unattributed')
    .map((span) => treeOf(span, spans));
  return { name: root.name, children: children.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

const t = (name: string, ...children: Tree[]): Tree => ({ name, children });
const wholeTree = t(
  'GET /tree',
  t('across phases'),
  t('begins late'),
  t('ends late'),
  t('in request'),
  t('inference.postprocess'),
  t('inference.preprocess', t('in preprocess'), t('outer', t('inference.tokenize', t('in tokenize')))),
  t('inference.run'),
  t('inference.run'),
);
const failedTree = t('GET /fails', t('inference.run', t('in failure')));

describeWithParts('spans of the user’s own beside phases', ['otelcol'], () => {
  let collector: Collector;
  beforeAll(async () => {
    collector = await startCollector();
  });
  afterAll(() => collector?.stop());

  const sendingTo = (service: string): Record<string, string> => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_SERVICE_NAME: service,
  });
  const of = (service: string, spans: readonly CollectedSpan[]): CollectedSpan[] =>
    spans.filter(({ resource }) => resource['service.name'] === service);

  describe.each(['deferred', 'inline'])('mode %s', (mode) => {
    let spans: CollectedSpan[];
    beforeAll(async () => {
      await using app = await startApp({ file, env: { ...sendingTo(mode), INFEROMETER_MODE: mode } });
      await app.get('/tree');
      expect((await app.get('/fails')).status).toBe(500);
      await app.post('/background');
      await app.process.waitForOutput(/late spans made/);
      const expected = ['begins late', 'in failure', 'in background', 'POST /background', 'own trace'];
      spans = of(
        mode,
        await collector.waitForSpans((all) =>
          expected.every((name) => of(mode, all).some((span) => span.name === name)),
        ),
      );
    });
    const named = (name: string): CollectedSpan => spans.find((span) => span.name === name) as CollectedSpan;

    test('the tree is whole, the failure is one', () => {
      expect(treeOf(named('GET /tree'), spans)).toEqual(wholeTree);
      expect(treeOf(named('GET /fails'), spans)).toEqual(failedTree);
      expect(named('GET /fails').status.code).toBe('ERROR');
      const run = spans.find(({ spanId }) => spanId === named('in failure').parentSpanId);
      expect(run).toMatchObject({ name: 'inference.run', status: { code: 'ERROR' } });
    });

    test('phases and gaps cover the request', () => {
      const root = named('GET /tree');
      const parts = spans
        .filter(({ parentSpanId, name }) => parentSpanId === root.spanId && name.startsWith('inference.'))
        .sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
      const covered = parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
      expect(covered).toBeLessThanOrEqual(root.durationMs + 0.001);
      // Gaps of less than a hundredth of the request have no span.
      expect(covered).toBeGreaterThan(root.durationMs * 0.9);
      parts.slice(1).forEach((part, i) => {
        expect(part.startTimeUnixNano).toBeGreaterThanOrEqual((parts[i] as CollectedSpan).endTimeUnixNano);
      });
      expect(parts[0]?.startTimeUnixNano).toBeGreaterThanOrEqual(root.startTimeUnixNano);
      expect(parts.at(-1)?.endTimeUnixNano).toBeLessThanOrEqual(root.endTimeUnixNano);
    });

    test('attributes, events, links and status arrive on phases and on the user’s spans', () => {
      expect(named('GET /tree').attributes).toMatchObject({ 'app.kind': 'tree', 'http.route': '/tree' });
      const preprocess = spans.find(({ spanId }) => spanId === named('in preprocess').parentSpanId);
      expect(preprocess).toMatchObject({
        attributes: { 'inference.phase': 'preprocess', 'app.seen': true },
        events: [{ name: 'moment', attributes: { at: 1 } }],
        links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }],
      });
      expect(named('outer')).toMatchObject({
        events: [{ name: 'done' }],
        status: { code: 'OK' },
        scope: { name: 'app', version: '1.2.3' },
      });
    });

    test('what belongs to no request is a trace of its own', () => {
      for (const name of ['own trace', 'background']) {
        const root = named(name);
        expect(root.parentSpanId).toBeUndefined();
        expect(named('GET /tree').traceId).not.toBe(root.traceId);
      }
      expect(treeOf(named('background'), spans)).toEqual(t('background', t('in background')));
    });
  });

  test('OTEL_SPAN_* limits hold for phases as for the user’s spans', async () => {
    await using app = await startApp({
      file,
      env: {
        ...sendingTo('limits'),
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '4',
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '7',
        OTEL_SPAN_EVENT_COUNT_LIMIT: '3',
        OTEL_SPAN_LINK_COUNT_LIMIT: '2',
        OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '1',
        OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '2',
      },
    });
    await app.get('/limits');
    const names = ['own', 'inference.run'];
    // They come to the worker by different ways, and may leave it in different exports.
    const spans = of(
      'limits',
      await collector.waitForSpans((all) =>
        names.every((one) => of('limits', all).some(({ name }) => name === one)),
      ),
    );
    for (const name of names) {
      const { attributes, events, links } = spans.find((span) => span.name === name) as CollectedSpan;
      const own = Object.entries(attributes).filter(([key]) => key.startsWith('key.'));
      expect(own).toEqual([0, 1, 2, 3].map((i) => [`key.${i}`, 'xxxxxxx']));
      expect(events.map((event) => event.name)).toEqual(['event 7', 'event 8', 'event 9']);
      for (const event of events) expect(Object.keys(event.attributes)).toEqual(['a']);
      expect(links.map(({ traceId }) => traceId[0])).toEqual(['8', '9']);
      for (const link of links) expect(Object.keys(link.attributes)).toEqual(['a', 'b']);
    }
  });

  test('a Collector that samples by the attribute keeps errors and slow requests', async () => {
    const config = (places: CollectorPlaces): string => {
      const parsed = JSON.parse(defaultCollectorConfig(places));
      parsed.processors = {
        tail_sampling: {
          decision_wait: '1s',
          policies: [
            {
              name: 'kept-at-the-source',
              type: 'boolean_attribute',
              boolean_attribute: { key: 'inference.sampling.keep', value: true },
            },
          ],
        },
      };
      parsed.service.pipelines.traces.processors = ['tail_sampling'];
      return JSON.stringify(parsed);
    };
    await using sampling = await startCollector({ config });
    await using app = await startApp({
      file,
      env: {
        ...sendingTo('sampled'),
        OTEL_EXPORTER_OTLP_ENDPOINT: sampling.url,
        OTEL_METRICS_EXEMPLAR_FILTER: 'always_off',
        INFEROMETER_SLOW_MS: '250',
      },
    });
    for (let i = 0; i < 10; i++) await app.get('/plain');
    for (const path of ['/slow', '/fails', '/slow', '/fails']) await app.get(path);
    const kept = (spans: readonly CollectedSpan[]): CollectedSpan[] =>
      spans.filter(({ kind }) => kind === 'SERVER');
    const spans = await sampling.waitForSpans(
      (all) => kept(all).filter(({ name }) => name !== 'GET /plain').length >= 4,
    );
    const reasons = kept(spans).map(({ name, attributes }) => [
      name,
      attributes['inference.sampling.reason'],
    ]);
    // /plain came first, and is a millisecond; where a busy machine made it slow, it is kept as such.
    expect(reasons.filter(([name]) => name !== 'GET /plain').sort()).toEqual([
      ['GET /fails', 'error'],
      ['GET /fails', 'error'],
      ['GET /slow', 'slow'],
      ['GET /slow', 'slow'],
    ]);
    expect(reasons.filter(([, reason]) => reason === 'ratio')).toEqual([]);
    const text = await app.scrapeOf(14);
    expect(totalOf(text, 'inferometer_traces_total', { decision: 'ratio' })).toBeGreaterThan(5);
    for (const root of kept(spans).filter(({ name }) => name === 'GET /fails')) {
      expect(treeOf(root, spans)).toEqual(failedTree);
    }
  });
});

describe('which traces are exported', () => {
  let sink: Sink;
  beforeAll(async () => {
    sink = await startSink();
  });
  afterAll(() => sink?.[Symbol.asyncDispose]());
  const start = (env: Record<string, string>) =>
    startApp({
      file,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, INFEROMETER_TRACES_PER_SECOND: '0', ...env },
    });

  let ids = 0;
  const nextId = (): string => (0x10_0000 + ids++).toString(16).padStart(32, 'f');

  test.each([
    [{}, { none: true, '00': false, '01': true }],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, { none: true, '00': true, '01': true }],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, { none: false, '00': false, '01': false }],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, { none: false, '00': false, '01': true }],
    [
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
      { none: false, '00': false, '01': true },
    ],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' }, {}],
  ] as [Record<string, string>, Record<string, boolean>][])('%j', async (env, expected) => {
    const isExported = new Map<string, boolean>();
    {
      await using app = await start(env);
      for (const [flags, sampled] of Object.entries(expected)) {
        const parent = flags === 'none' ? {} : { traceparent: `00-${nextId()}-${'b'.repeat(16)}-${flags}` };
        const answer = (await (await app.get('/plain', parent)).json()) as { sampled: boolean; id: string };
        expect({ flags, sampled: answer.sampled }).toEqual({ flags, sampled });
        isExported.set(answer.id, sampled);
      }
      // Without expectations: about the share of the argument, each as its root says.
      for (let i = 0; i < 200 && Object.keys(expected).length === 0; i++) {
        const { id, sampled } = (await (await app.get('/plain')).json()) as { sampled: boolean; id: string };
        isExported.set(id, sampled);
      }
      // All count in metrics.
      await app.scrapeOf(isExported.size);
    }
    // The app has flushed and ended.
    for (const [id, sampled] of isExported) {
      expect([id, sink.traces.get(id)?.size ?? 0]).toEqual([id, sampled ? 3 : 0]);
    }
    const share = [...isExported.values()].filter(Boolean).length / isExported.size;
    if (Object.keys(expected).length === 0) {
      expect(share).toBeGreaterThan(0.3);
      expect(share).toBeLessThan(0.7);
    }
  });

  test('errors and slow ones whatever the ratio, each within its rate; none of the spans of the others', async () => {
    const perSecond = 6;
    const failures = 40;
    const before = new Set(sink.traces.keys());
    const decided: Record<string, number> = {};
    {
      await using app = await start({
        INFEROMETER_TRACES_RATIO: '0',
        INFEROMETER_TRACES_PER_SECOND: String(perSecond),
        INFEROMETER_SLOW_MS: '250',
        OTEL_METRICS_EXEMPLAR_FILTER: 'always_off',
      });
      await Promise.all(Array.from({ length: failures }, () => app.get('/fails')));
      for (let i = 0; i < 3; i++) await app.get('/slow');
      const ordinary = ((await (await app.get('/plain')).json()) as { id: string }).id;
      // What ends or begins after the request has as little to do with a trace that is not exported.
      await app.get('/tree');
      await app.process.waitForOutput(/late spans made/);
      const text = await app.scrapeOf(failures + 5);
      for (const { labels, value } of samplesOf(text, 'inferometer_traces_total')) {
        decided[String(labels.decision)] = value;
      }
      await app.stop();
      expect(sink.traces.has(ordinary)).toBe(false);
    }
    const roots = [...sink.traces.keys()].filter((id) => !before.has(id));
    expect(decided.slow).toBeGreaterThanOrEqual(3);
    expect(decided.error).toBeGreaterThanOrEqual(perSecond);
    expect(decided.error).toBeLessThan(failures / 2);
    expect(decided.not_chosen).toBeGreaterThanOrEqual(1);
    expect(decided.rate_limited).toBeGreaterThan(failures / 2);
    expect(Object.values(decided).reduce((sum, value) => sum + value, 0)).toBe(failures + 5);
    // One more: the user's own trace that is begun in /tree has nothing to do with the request.
    expect(roots).toHaveLength((decided.slow ?? 0) + (decided.error ?? 0) + 1);
  });

  test('a request that makes very many spans loses those past 1,000, and they are counted', async () => {
    await using app = await start({ OTEL_BSP_SCHEDULE_DELAY: '50' });
    const id = nextId();
    await app.get('/many?spans=1500', { traceparent: `00-${id}-${'b'.repeat(16)}-01` });
    const dropped = totalOf(await app.scrapeOf(1), 'inferometer_spans_dropped_total', {
      reason: 'children_limit',
    });
    expect(dropped).toBe(500);
    await app.stop();
    // The root and its time in no phase beside them.
    expect(sink.traces.get(id)?.size).toBe(1002);
  });
});
