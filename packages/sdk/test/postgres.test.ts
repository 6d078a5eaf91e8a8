import {
  type CollectedSpan,
  type Collector,
  describeWithParts,
  type Postgres,
  startCollector,
  startPostgres,
} from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ParsedText } from './exposition-parse.ts';
import { accepts, startApp, totalOf } from './pipeline-setup.ts';

describeWithParts('an application that asks a Postgres', ['otelcol', 'postgres'], () => {
  let collector: Collector;
  let postgres: Postgres;
  beforeAll(async () => {
    [collector, postgres] = await Promise.all([startCollector(), startPostgres()]);
  });
  afterAll(async () => {
    await Promise.all([collector?.stop(), postgres?.stop()]);
  });

  describe.each([
    ['ESM', 'postgres.mjs'],
    ['CommonJS', 'postgres.cjs'],
  ])('%s', (_what, file) => {
    let spans: readonly CollectedSpan[];
    let text: ParsedText;
    let openMetrics: ParsedText;
    beforeAll(async () => {
      await using app = await startApp({
        file,
        env: {
          DATABASE_URL: postgres.url,
          OTEL_SERVICE_NAME: file,
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_BSP_SCHEDULE_DELAY: '50',
        },
      });
      expect(await (await app.get('/hello/ada')).json()).toEqual({ one: 1, name: 'ada' });
      expect((await app.get('/fails')).status).toBe(500);
      text = await app.scrapeOf(2);
      openMetrics = await app.scrape(accepts.openmetrics);
      // A query has two spans, its own and the one of getting a connection, which is made once.
      const isComplete = (some: readonly CollectedSpan[]) =>
        some.filter(({ kind }) => kind === 'SERVER').length === 2 &&
        some.filter(({ kind }) => kind === 'CLIENT').length === 7 &&
        some.some(({ name }) => name === 'inference.preprocess');
      const mine = (all: readonly CollectedSpan[]) =>
        all.filter(({ resource }) => resource['service.name'] === file);
      spans = mine(await collector.waitForSpans((all) => isComplete(mine(all))));
    });

    const one = (is: (span: CollectedSpan) => boolean): CollectedSpan => {
      const [found, ...more] = spans.filter(is);
      expect(more).toEqual([]);
      return found as CollectedSpan;
    };
    const root = (name: string) => one((span) => span.kind === 'SERVER' && span.name === name);
    const query = (sql: string) => one(({ attributes }) => attributes['db.query.text'] === sql);
    const ofServer = () => ({
      'db.system.name': 'postgresql',
      'db.namespace': 'postgres',
      'server.address': '127.0.0.1',
      'server.port': postgres.port,
    });

    test('its queries are spans below the request, or below the phase that they are made in', () => {
      const { traceId, spanId } = root('GET /hello/:name');
      expect(query('SELECT 1 AS one')).toMatchObject({
        name: 'pg.query:SELECT postgres',
        kind: 'CLIENT',
        traceId,
        parentSpanId: spanId,
        attributes: ofServer(),
        status: { code: 'UNSET' },
      });
      const phase = one(({ name }) => name === 'inference.preprocess');
      expect(phase).toMatchObject({ traceId, parentSpanId: spanId });
      expect(query('select $1::text AS name')).toMatchObject({
        name: 'pg.query:SELECT postgres',
        traceId,
        parentSpanId: phase.spanId,
        attributes: ofServer(),
      });
    });

    test('what waits for a connection is a span, and below it the connection that is made', () => {
      const { traceId, spanId } = root('GET /hello/:name');
      const connect = one(({ name }) => name === 'pg.connect');
      expect(connect).toMatchObject({ kind: 'CLIENT', traceId, attributes: ofServer() });
      expect(one((span) => span.spanId === connect.parentSpanId)).toMatchObject({
        name: 'pg-pool.connect',
        parentSpanId: spanId,
      });
    });

    test('a query that fails has the status of an error, and the code of the database', () => {
      const { traceId, spanId, status } = root('GET /fails');
      expect(status.code).toBe('ERROR');
      expect(query('SELECT * FROM nowhere')).toMatchObject({
        traceId,
        parentSpanId: spanId,
        attributes: ofServer(),
        status: { code: 'ERROR', message: 'relation "nowhere" does not exist' },
        events: [
          { name: 'exception', attributes: { 'exception.message': expect.stringContaining('42P01') } },
        ],
      });
    });

    test('/metrics has the duration of its queries beside those of requests', () => {
      for (const scraped of [text, openMetrics]) {
        const counted = (name: string, labels: Readonly<Record<string, string>>) =>
          totalOf(scraped, `${name}_count`, labels);
        const select = {
          db_system_name: 'postgresql',
          db_namespace: 'postgres',
          db_operation_name: 'SELECT',
          server_address: '127.0.0.1',
          server_port: String(postgres.port),
        };
        const duration = 'db_client_operation_duration';
        expect(counted(duration, select)).toBe(3);
        expect(counted(duration, { ...select, error_type: '42P01' })).toBe(1);
        expect(totalOf(scraped, `${duration}_bucket`, { ...select, le: '+Inf' })).toBe(3);
        // A request spends at least as long as its queries.
        const seconds = totalOf(scraped, `${duration}_sum`, select) as number;
        expect(seconds).toBeGreaterThan(0);
        expect(totalOf(scraped, 'inference_request_duration_seconds_sum')).toBeGreaterThan(seconds);
        expect(counted('inference_request_duration_seconds', { status: '200' })).toBe(1);
        expect(counted('inference_phase_duration_seconds', { phase: 'preprocess' })).toBe(1);
        expect(counted('http_server_request_duration', { http_route: '/hello/:name' })).toBe(1);
        expect(counted('http_server_request_duration', { http_route: '/fails' })).toBe(1);
      }
    });
  });
});
