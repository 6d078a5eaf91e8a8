import { readFile, writeFile } from 'node:fs/promises';
import {
  type CollectedSpan,
  describeWithParts,
  runProgram,
  startApiServer,
  startCollector,
  startPrometheus,
  tempDir,
  waitFor,
} from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { collectorFile, freeCollectorPorts, startConfiguredCollector, total } from './live/collector.ts';
import { requestsPerRound, round } from './live/load.ts';
import { type SentSpan, sendGauge, sendSpans, traceIdOf } from './live/otlp.ts';
import { startService } from './live/service.ts';

const agent = collectorFile('agent.yaml');
const gateway = collectorFile('gateway.yaml');
const kubernetes = collectorFile('kubernetes.yaml');

/** Decisions come soon, and nothing is kept for being one of the rest. */
const quick = { COLLECTOR_DECISION_WAIT: '1s', COLLECTOR_SAMPLING_PERCENTAGE: '0' };

describeWithParts('collector/agent.yaml and gateway.yaml', ['otelcol'], ({ otelcol }) => {
  test('are configurations that the Collector takes, with every exporter', async () => {
    const cases: [string[], Record<string, string>][] = [
      [[agent], {}],
      [[agent, kubernetes], { K8S_NODE_NAME: 'node-1' }],
      [[agent], { COLLECTOR_TRACES_EXPORTER: 'otlp_http/traces', COLLECTOR_METRICS_EXPORTER: 'prometheus' }],
      [
        [agent],
        { COLLECTOR_METRICS_EXPORTER: 'otlp_http/metrics', COLLECTOR_LOGS_EXPORTER: 'otlp_http/logs' },
      ],
      [[gateway], {}],
      [[gateway, kubernetes], {}],
      [
        [gateway],
        { COLLECTOR_TRACES_EXPORTER: 'otlp_http/traces', COLLECTOR_METRICS_EXPORTER: 'prometheus' },
      ],
      [
        [gateway],
        { COLLECTOR_METRICS_EXPORTER: 'otlp_http/metrics', COLLECTOR_LOGS_EXPORTER: 'otlp_http/logs' },
      ],
    ];
    for (const [files, env] of cases) {
      const args = ['validate', ...files.map((file) => `--config=${file}`)];
      const { code, stderr } = await runProgram(otelcol.path, args, { env });
      expect({ files, env, code, stderr }).toEqual({ files, env, code: 0, stderr: '' });
    }
  });

  test('limit memory first, queue on disk, and listen on loopback only', async () => {
    for (const files of [[agent], [gateway], [agent, kubernetes], [gateway, kubernetes]]) {
      const { service, exporters, receivers, extensions } = await inForce(files);
      for (const { receivers, processors } of Object.values(service.pipelines)) {
        if (receivers.includes('otlp')) expect(processors[0]).toBe('memory_limiter');
      }
      const queued = Object.entries(exporters).filter(([name]) => /otlp_http|load_balancing/.test(name));
      expect(queued.length).toBeGreaterThanOrEqual(3);
      for (const [, { sending_queue, retry_on_failure }] of queued) {
        expect(sending_queue).toMatchObject({ storage: 'file_storage' });
        expect(sending_queue.batch).toMatchObject({ min_size: expect.any(Number) });
        expect(retry_on_failure).toMatchObject({ enabled: true, max_elapsed_time: 0, multiplier: 1.5 });
      }
      const { http, grpc } = receivers.otlp.protocols;
      for (const { endpoint } of [http, grpc, extensions.health_check]) {
        expect(endpoint).toMatch(/^127\.0\.0\.1:/);
      }
      expect(service.telemetry.metrics.readers).toHaveLength(1);
    }
  });

  test('pass on what a service sends, through both tiers, and say how much', async () => {
    await using backend = await startCollector();
    await using dir = await tempDir('tiers');
    await using second = await startGateway(dir.file('gateway'), {
      COLLECTOR_TRACES_BACKEND: backend.url,
      COLLECTOR_DECISION_WAIT: '1s',
      COLLECTOR_SAMPLING_PERCENTAGE: '100',
    });
    await using first = await startAgent(dir.file('agent'), second.ports.grpc);
    await using service = await startService(first.url);
    await round(service.url);
    await waitFor(
      'all spans to arrive',
      async () => {
        const arrived = await backend.spans();
        const exported = (await service.metrics()).get('inferometer_spans_exported_total');
        const atFirst = await first.metrics();
        expect({
          requests: arrived.filter(({ kind, name }) => kind === 'SERVER' && name.startsWith('POST ')).length,
          first: total(atFirst, 'otelcol_exporter_sent_spans_total'),
          second: total(await second.metrics(), 'otelcol_receiver_accepted_spans_total'),
          arrived: arrived.length,
        }).toEqual({ requests: requestsPerRound, first: exported, second: exported, arrived: exported });
        return true;
      },
      { timeoutMs: 60_000 },
    );
    const [span] = await backend.spans();
    // From the agent: where the service runs. From the service: what it is.
    expect(span?.resource).toMatchObject({
      'service.name': 'inferometer',
      'host.name': expect.any(String),
      'os.type': 'linux',
    });
  }, 240_000);

  test('keep what the SDK has marked, with the batches that it links to', async () => {
    await using backend = await startCollector();
    await using dir = await tempDir('tiers');
    await using collector = await startGateway(dir.file('gateway'), {
      ...quick,
      COLLECTOR_TRACES_BACKEND: backend.url,
      COLLECTOR_SLOW_MS: '600000',
    });
    // Every request is slow, to the SDK.
    await using service = await startService(collector.url, { env: { INFEROMETER_SLOW_MS: '0.001' } });
    await round(service.url);
    const roots = (spans: readonly CollectedSpan[]) =>
      spans.filter(({ kind, name }) => kind === 'SERVER' && name.startsWith('POST '));
    const spans = await backend.waitForSpans((all) => roots(all).length >= requestsPerRound, {
      timeoutMs: 60_000,
    });
    const marks = roots(spans).map(({ attributes }) => attributes['inference.sampling.keep']);
    expect(new Set(marks)).toEqual(new Set([true]));
    const links = spans.flatMap((span) => span.links);
    expect(links.length).toBeGreaterThan(0);
    await waitFor('what is linked to', async () => {
      const ids = new Set((await backend.spans()).map(({ spanId }) => spanId));
      return links.every(({ spanId }) => ids.has(spanId));
    });
  }, 240_000);

  test('bring all of a trace to one gateway, which decides on it whole', async () => {
    await using backend = await startCollector();
    await using dir = await tempDir('tiers');
    const env = { ...quick, COLLECTOR_TRACES_BACKEND: backend.url };
    await using left = await startGateway(dir.file('left'), env);
    await using right = await startGateway(dir.file('right'), env);
    // A name of two addresses would want a DNS server: here the list of gateways is fixed.
    const text = await readFile(agent, 'utf8');
    const fixed = text.replace(/^ {6}dns:\n(?: {8}.*\n)+/m, () => {
      const hostnames = [left, right].map(({ ports }) => `127.0.0.1:${ports.grpc}`);
      return `      static: {hostnames: ${JSON.stringify(hostnames)}}\n`;
    });
    expect(fixed).not.toBe(text);
    await writeFile(dir.file('agent.yaml'), fixed);
    await using first = await startConfiguredCollector({
      files: [dir.file('agent.yaml')],
      env: { COLLECTOR_STORAGE: dir.file('agent') },
    });
    const traces = Array.from({ length: 40 }, (_, i) => `split-${i}`);
    // As from two services: what makes a trace worth keeping comes apart from the rest of it.
    const halves: SentSpan[][] = [
      traces.map((trace) => ({ trace, name: 'root' })),
      traces.map((trace) => ({ trace, name: 'child', parent: 'root', isError: true })),
    ];
    for (const half of halves) expect(await sendSpans(first.url, half)).toBe(200);
    await backend.waitForSpans((spans) => spans.length >= 80, { timeoutMs: 60_000 });
    const names = new Map<string, string[]>();
    for (const { traceId, name } of await backend.spans()) {
      names.set(traceId, [...(names.get(traceId) ?? []), name].sort());
    }
    expect(names).toEqual(new Map(traces.map((trace) => [traceIdOf(trace), ['child', 'root']])));
    for (const each of [left, right]) {
      expect(total(await each.metrics(), 'otelcol_receiver_accepted_spans_total')).toBeGreaterThan(10);
    }
  }, 120_000);

  test('an agent that is killed while there is no gateway loses nothing', async () => {
    await using backend = await startCollector();
    await using dir = await tempDir('tiers');
    const ports = await freeCollectorPorts();
    await using first = await startAgent(dir.file('agent'), ports.grpc);
    const sent = Array.from({ length: 50 }, (_, i): SentSpan => ({ trace: `waits-${i}`, name: 'root' }));
    expect(await sendSpans(first.url, sent)).toBe(200);
    // On disk before the answer was sent: nothing has to be waited for.
    first.signal('SIGKILL');
    await first.exited;
    await using second = await startConfiguredCollector({
      files: [gateway],
      ports,
      env: {
        ...quick,
        COLLECTOR_STORAGE: dir.file('gateway'),
        COLLECTOR_TRACES_EXPORTER: 'otlp_http/traces',
        COLLECTOR_TRACES_BACKEND: backend.url,
        COLLECTOR_SAMPLING_PERCENTAGE: '100',
      },
    });
    await using again = await startAgent(dir.file('agent'), second.ports.grpc);
    const arrived = await backend.waitForSpans((spans) => spans.length >= 50, { timeoutMs: 60_000 });
    expect(traceIds(arrived)).toEqual(sortedIds(sent));
    expect(again.pid).not.toBe(first.pid);
  }, 120_000);

  test('a gateway that is killed while there is no backend loses nothing that was decided', async () => {
    await using dir = await tempDir('tiers');
    const backendPorts = await freeCollectorPorts();
    const env = { ...quick, COLLECTOR_TRACES_BACKEND: `http://127.0.0.1:${backendPorts.http}` };
    await using second = await startGateway(dir.file('gateway'), env);
    const attributes = { 'inference.sampling.keep': true };
    const sent = Array.from({ length: 50 }, (_, i) => ({ trace: `kept-${i}`, name: 'root', attributes }));
    expect(await sendSpans(second.url, sent)).toBe(200);
    await second.waitForOutput(/Exporting failed. Will retry/);
    second.signal('SIGKILL');
    await second.exited;
    await using backend = await startCollector({ ports: backendPorts });
    await using again = await startGateway(dir.file('gateway'), env);
    const arrived = await backend.waitForSpans((spans) => spans.length >= 50, { timeoutMs: 60_000 });
    expect(traceIds(arrived)).toEqual(sortedIds(sent));
    expect(again.pid).not.toBe(second.pid);
  }, 120_000);

  test('refuse data near their memory limit, and count what they refused', async () => {
    for (const file of [agent, gateway]) {
      await using dir = await tempDir('tiers');
      // 128 of them are kept free: what is left is less than the Collector itself needs.
      const env = { COLLECTOR_STORAGE: dir.file('queue'), COLLECTOR_MEMORY_LIMIT_MIB: '130' };
      await using collector = await startConfiguredCollector({ files: [file], env });
      const refused = () => sendSpans(collector.url, [{ trace: 'refused', name: 'root' }]);
      // 503 asks a sender to try again; 200 is the answer before memory is first looked at.
      await waitFor('spans to be refused', async () => (await refused()) === 503);
      const metrics = await collector.metrics();
      expect(total(metrics, 'otelcol_processor_memory_limiter_refused_spans_total')).toBeGreaterThan(0);
    }
  }, 90_000);

  async function inForce(files: readonly string[]): Promise<ResolvedConfig> {
    const args = ['print-config', '--format=json', ...files.map((file) => `--config=${file}`)];
    const { code, stdout, stderr } = await runProgram(otelcol.path, args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return JSON.parse(stdout);
  }
});

describeWithParts('sampling and span metrics of gateway.yaml', ['otelcol', 'prometheus'], () => {
  test('keeps what is marked, failed or slow and a share of the rest, counts all, and points to what is kept', async () => {
    await using backend = await startCollector();
    await using prometheus = await startPrometheus();
    await using dir = await tempDir('tiers');
    await using collector = await startGateway(dir.file('gateway'), {
      COLLECTOR_TRACES_BACKEND: backend.url,
      COLLECTOR_METRICS_EXPORTER: 'otlp_http/metrics',
      COLLECTOR_METRICS_BACKEND: `${prometheus.url}/api/v1/otlp`,
      COLLECTOR_DECISION_WAIT: '1s',
      COLLECTOR_SAMPLING_PERCENTAGE: '25',
      COLLECTOR_SLOW_MS: '2000',
      COLLECTOR_SPAN_METRICS_INTERVAL: '1s',
    });
    const of = (kind: string, count: number, rest: Partial<SentSpan> = {}): SentSpan[] =>
      Array.from({ length: count }, (_, i) => ({ trace: `${kind}-${i}`, name: 'POST /embed', ...rest }));
    const model = { 'inference.model': 'minilm', 'http.route': '/embed' };
    const kinds = {
      marked: of('marked', 20, { attributes: { ...model, 'inference.sampling.keep': true } }),
      failed: of('failed', 20, { isError: true, attributes: model }),
      slow: of('slow', 20, { seconds: 3, attributes: model }),
      ordinary: of('ordinary', 400, { attributes: { ...model, 'inference.sampling.keep': false } }),
    };
    const sent = Object.values(kinds).flat();
    expect(await sendSpans(collector.url, sent)).toBe(200);

    const isWhole = (spans: readonly { traceId: string }[]) => {
      const ids = new Set(spans.map(({ traceId }) => traceId));
      return [...kinds.marked, ...kinds.failed, ...kinds.slow].every(({ trace }) =>
        ids.has(traceIdOf(trace)),
      );
    };
    await backend.waitForSpans(isWhole, { timeoutMs: 60_000 });
    // Every trace has been decided on, and every one that is kept has been sent.
    await waitFor('all decisions', async () => {
      const metrics = await collector.metrics();
      const decided = total(metrics, 'otelcol_processor_tail_sampling_global_count_traces_sampled_total');
      const exported = total(metrics, 'otelcol_exporter_sent_spans_total');
      return decided === sent.length && exported === (await backend.spans()).length;
    });
    const kept = new Set((await backend.spans()).map(({ traceId }) => traceId));
    const ordinary = kinds.ordinary.filter(({ trace }) => kept.has(traceIdOf(trace))).length;
    // The ids are the same in every run, and so is this number: 25 % of 400, five standard deviations around it.
    expect(ordinary).toBeGreaterThan(56);
    expect(ordinary).toBeLessThan(144);

    const calls = 'sum(traces_span_metrics_calls_total{span_name="POST /embed"})';
    const [all] = await prometheus.waitForQuery(calls, ([sample]) => sample?.value === sent.length);
    expect(all?.value).toBe(sent.length);
    const byStatus = await prometheus.query(
      'sum by (status_code, inference_sampling_kept) (traces_span_metrics_duration_seconds_count{inference_model="minilm",http_route="/embed"})',
    );
    const counts = byStatus.map(({ metric, value }) => {
      return `${metric.status_code} kept=${metric.inference_sampling_kept}: ${value}`;
    });
    expect(counts.sort()).toEqual([
      'STATUS_CODE_ERROR kept=true: 20',
      'STATUS_CODE_UNSET kept=false: 400',
      'STATUS_CODE_UNSET kept=true: 40',
    ]);
    const exemplars = await waitFor('exemplars', async () => {
      const found = await prometheus.exemplars('traces_span_metrics_duration_seconds_bucket');
      return found.length > 0 ? found : undefined;
    });
    expect(exemplars.filter(({ labels }) => !kept.has(labels.trace_id ?? ''))).toEqual([]);
  }, 120_000);
});

describeWithParts('collector/kubernetes.yaml', ['otelcol', 'etcd', 'kube-apiserver'], () => {
  test('tells from its address which pod sends', async () => {
    await using server = await startApiServer();
    await using backend = await startCollector();
    await using dir = await tempDir('tiers');
    const pods = '/api/v1/namespaces/default/pods';
    const labels = { 'app.kubernetes.io/version': '1.2.3' };
    const spec = { nodeName: 'node-1', containers: [{ name: 'serve', image: 'inferometer:1.2.3' }] };
    const body = { metadata: { name: 'inferometer-0', labels }, spec };
    expect((await server.request(pods, { method: 'POST', body })).status).toBe(201);
    const { body: pod } = (await server.request(`${pods}/inferometer-0`)) as { body: { status: object } };
    const status = { ...pod.status, phase: 'Running', podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] };
    const updated = await server.request(`${pods}/inferometer-0/status`, {
      method: 'PUT',
      body: { ...pod, status },
    });
    expect(updated.status, JSON.stringify(updated.body)).toBe(200);
    await using collector = await startConfiguredCollector({
      files: [agent, kubernetes],
      env: {
        COLLECTOR_STORAGE: dir.file('agent'),
        COLLECTOR_TRACES_EXPORTER: 'otlp_http/traces',
        COLLECTOR_TRACES_BACKEND: backend.url,
        COLLECTOR_METRICS_EXPORTER: 'otlp_http/metrics',
        COLLECTOR_METRICS_BACKEND: backend.url,
        COLLECTOR_KUBERNETES_AUTH: 'kubeConfig',
        KUBECONFIG: server.kubeconfig,
        K8S_NODE_NAME: 'node-1',
        OTEL_RESOURCE_ATTRIBUTES: 'k8s.cluster.name=blue',
      },
    });
    expect(await sendSpans(collector.url, [{ trace: 'from-a-pod', name: 'root' }])).toBe(200);
    const [span] = await backend.waitForSpans((spans) => spans.length > 0);
    expect(span?.resource).toMatchObject({
      'service.name': 'sender',
      'service.version': '1.2.3',
      'k8s.pod.name': 'inferometer-0',
      'k8s.namespace.name': 'default',
      'k8s.node.name': 'node-1',
      'k8s.cluster.name': 'blue',
    });
    expect(span?.resource).not.toHaveProperty('host.name');
    expect(await sendGauge(collector.url, 'inference_queue_depth', 3)).toBe(200);
    const [point] = await backend.waitForMetrics((points) => points.length > 0);
    // As scrapes label what they find, for autoscalers.
    expect(point).toMatchObject({
      value: 3,
      attributes: { namespace: 'default', pod: 'inferometer-0' },
    });
  }, 180_000);
});

function startGateway(storage: string, env: Readonly<Record<string, string>>) {
  return startConfiguredCollector({
    files: [gateway],
    env: { COLLECTOR_STORAGE: storage, COLLECTOR_TRACES_EXPORTER: 'otlp_http/traces', ...env },
  });
}

function startAgent(storage: string, gatewayPort: number) {
  return startConfiguredCollector({
    files: [agent],
    env: { COLLECTOR_STORAGE: storage, COLLECTOR_GATEWAY_PORT: String(gatewayPort) },
  });
}

function traceIds(spans: readonly { readonly traceId: string }[]): string[] {
  return [...new Set(spans.map(({ traceId }) => traceId))].sort();
}

function sortedIds(sent: readonly SentSpan[]): string[] {
  return sent.map(({ trace }) => traceIdOf(trace)).sort();
}

/** What is looked at here of a resolved configuration. */
interface ResolvedConfig {
  readonly receivers: {
    readonly otlp: { readonly protocols: Record<'http' | 'grpc', { endpoint: string }> };
  };
  readonly extensions: { readonly health_check: { readonly endpoint: string } };
  readonly exporters: Record<string, { sending_queue: { batch: unknown }; retry_on_failure: unknown }>;
  readonly service: {
    readonly pipelines: Record<string, { receivers: readonly string[]; processors: readonly string[] }>;
    readonly telemetry: { readonly metrics: { readonly readers: readonly unknown[] } };
  };
}
