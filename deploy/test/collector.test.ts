import { writeFile } from 'node:fs/promises';
import {
  type CollectedSpan,
  describeWithParts,
  runProgram,
  startCollector,
  tempDir,
  waitFor,
} from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { collectorConfig, freeCollectorPorts, startConfiguredCollector, total } from './live/collector.ts';
import { requestsPerRound, round } from './live/load.ts';
import { sendSpans } from './live/otlp.ts';
import { readmeBlocks } from './live/readme.ts';
import { startService } from './live/service.ts';

describeWithParts('collector/config.yaml', ['otelcol'], ({ otelcol }) => {
  test('is a configuration that the Collector takes, with either exporter', async () => {
    for (const exporter of [undefined, 'debug', 'otlp_http']) {
      const env = { COLLECTOR_EXPORTER: exporter };
      const args = ['validate', `--config=${collectorConfig}`];
      const { code, stderr } = await runProgram(otelcol.path, args, { env });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    }
  });

  test('limits memory first, batches in the queues of its exporters, and listens on loopback only', async () => {
    const { service, exporters, receivers, extensions } = await inForce(collectorConfig);
    expect(Object.keys(service.pipelines).sort()).toEqual(['logs', 'metrics', 'traces']);
    for (const pipeline of Object.values(service.pipelines)) {
      expect(pipeline).toEqual({ receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['debug'] });
    }
    for (const exporter of Object.values(exporters)) {
      expect(exporter.sending_queue.batch).toMatchObject({ min_size: expect.any(Number) });
    }
    const { http, grpc } = receivers.otlp.protocols;
    const endpoints = [http.endpoint, grpc.endpoint, extensions.health_check.endpoint];
    expect(endpoints).toEqual(['127.0.0.1:4318', '127.0.0.1:4317', '127.0.0.1:13133']);
    const [reader] = service.telemetry.metrics.readers;
    expect(reader?.pull.exporter.prometheus).toMatchObject({ host: '127.0.0.1', port: 8888 });
  });

  test('takes a second file with what a backend wants beyond it, as the README says', async () => {
    await using dir = await tempDir('collector-config');
    const [second] = await readmeBlocks('yaml');
    await writeFile(dir.file('second.yaml'), second as string);
    const { exporters, service } = await inForce(collectorConfig, dir.file('second.yaml'));
    expect(exporters.otlp_http?.headers).toMatchObject([{ name: 'authorization' }]);
    expect(exporters.otlp_http?.sending_queue.batch).toBeTruthy();
    expect(Object.keys(service.pipelines)).toHaveLength(3);
  });

  test('passes on every span of the service, and counts them', async () => {
    await using backend = await startCollector();
    await using collector = await startConfiguredCollector({
      env: { COLLECTOR_EXPORTER: 'otlp_http', COLLECTOR_BACKEND: backend.url },
    });
    await using service = await startService(collector.url);
    await round(service.url);
    // The service's account, the Collector's and what arrived agree once nothing is on its way any more.
    const spans = await waitFor('all spans to arrive', async () => {
      const collected = await collector.metrics();
      const arrived = await backend.spans();
      const exported = (await service.metrics()).get('inferometer_spans_exported_total');
      expect({
        requests: arrived.filter(isRequest).length,
        accepted: total(collected, 'otelcol_receiver_accepted_spans_total'),
        sent: total(collected, 'otelcol_exporter_sent_spans_total'),
        arrived: arrived.length,
      }).toEqual({ requests: requestsPerRound, accepted: exported, sent: exported, arrived: exported });
      return arrived;
    });

    const names = new Set(spans.map(({ name }) => name));
    const expected = [
      'admission',
      'preprocess',
      'queue',
      'batch',
      'run',
      'postprocess',
      'stream',
      'batch.run',
    ];
    expect(expected.filter((name) => !names.has(`inference.${name}`))).toEqual([]);
    expect(new Set(spans.map(({ resource }) => resource['service.name']))).toEqual(new Set(['inferometer']));
    // No trace has a hole: every parent that is named has arrived.
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.filter(({ parentSpanId }) => parentSpanId && !ids.has(parentSpanId))).toEqual([]);
  }, 180_000);

  test('keeps spans while the backend is away', async () => {
    const ports = await freeCollectorPorts();
    await using collector = await startConfiguredCollector({
      env: { COLLECTOR_EXPORTER: 'otlp_http', COLLECTOR_BACKEND: `http://127.0.0.1:${ports.http}` },
    });
    expect(await sendSpans(collector.url, [{ trace: 'kept', name: 'kept' }])).toBe(200);
    await collector.waitForOutput(/Exporting failed. Will retry/);
    await using backend = await startCollector({ ports });
    const [span] = await backend.waitForSpans((all) => all.length > 0, { timeoutMs: 40_000 });
    expect(span?.name).toBe('kept');
  }, 90_000);

  /** The configuration of files as the Collector resolves it, defaults included. */
  async function inForce(...files: readonly string[]): Promise<ResolvedConfig> {
    const args = ['print-config', '--format=json', ...files.map((file) => `--config=${file}`)];
    const { code, stdout, stderr } = await runProgram(otelcol.path, args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return JSON.parse(stdout);
  }
});

/** What is looked at here of a resolved configuration. */
interface ResolvedConfig {
  readonly receivers: {
    readonly otlp: { readonly protocols: Record<'http' | 'grpc', { endpoint: string }> };
  };
  readonly extensions: { readonly health_check: { readonly endpoint: string } };
  readonly exporters: Record<string, { sending_queue: { batch: unknown }; headers?: unknown }>;
  readonly service: {
    readonly pipelines: Record<string, unknown>;
    readonly telemetry: {
      readonly metrics: {
        readonly readers: readonly { pull: { exporter: { prometheus: { host: string; port: number } } } }[];
      };
    };
  };
}

function isRequest({ name, kind }: CollectedSpan): boolean {
  return kind === 'SERVER' && name.startsWith('POST ');
}
