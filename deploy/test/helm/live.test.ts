import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type ApiServer,
  type Collector,
  describeWithParts,
  freePorts,
  inferometerProgram,
  promtool,
  type RunningProcess,
  runProgram,
  startCollector,
  startProcess,
  tempDir,
  waitFor,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { createNamespace, startApiServerWithOperators } from './api-server.ts';
import { type KubernetesObject, render } from './chart.ts';
import { type Machine, startMachine } from './machine.ts';
import { saturation } from './scaling.ts';

const namespace = 'live';
const helmTest = fileURLToPath(new URL('../../helm/inferometer/files/end-to-end.mjs', import.meta.url));

describeWithParts(
  'the chart with its defaults, as processes',
  ['etcd', 'kube-apiserver', 'helm', 'otelcol', 'prometheus', 'promtool'],
  ({ otelcol, prometheus }) => {
    const running = new AsyncDisposableStack();
    const ports: Record<string, number> = {};
    let api: ApiServer;
    let machine: Machine;
    let store: Collector;
    let objects: KubernetesObject[];
    const started: Record<string, RunningProcess> = {};

    beforeAll(async () => {
      const names = [
        ...['server.ports.http', 'server.ports.metrics', 'prometheus.port', 'traces.ports.otlpHttp'],
        ...['otlpHttp', 'otlpGrpc', 'metrics', 'prometheus', 'health'].map(
          (port) => `collector.ports.${port}`,
        ),
      ];
      const free = await freePorts(names.length + 1);
      for (const [index, name] of names.entries()) ports[name] = free[index] as number;
      api = running.use(await startApiServerWithOperators());
      await createNamespace(api, namespace);
      const values = [
        ...Object.entries(ports).map(([name, port]) => `${name}=${port}`),
        ...['prometheus.scrapeInterval=1s', 'collector.gateway.sampling.decisionWaitSeconds=1'],
        ...['models.defaults.executors=1', 'models.defaults.threads=1', 'server.drain.delaySeconds=1'],
        'server.host=127.0.0.1',
      ];
      objects = await render('default', { namespace, args: ['--set', values.join(',')] });
      const dir = running.use(await tempDir('machine'));
      machine = await startMachine(api, namespace, objects, dir);
      // In the place of the trace store: it takes what the Collector sends, and can be asked for it.
      store = running.use(
        await startCollector({
          ports: { http: ports['traces.ports.otlpHttp'] as number, grpc: free.at(-1) as number },
        }),
      );
      await start('StatefulSet/inferometer-collector', otelcol.path, {
        url: `http://127.0.0.1:${ports['collector.ports.health']}/`,
        env: { COLLECTOR_KUBERNETES_AUTH: 'kubeConfig', KUBECONFIG: api.kubeconfig },
      });
      const config = machine.path(
        'StatefulSet/inferometer-prometheus',
        '/etc/prometheus/config/prometheus.yml',
      );
      await machine.container('StatefulSet/inferometer-prometheus');
      // A Pod finds the API server and its namespace by its account.
      const inForce = parse(await readFile(config, 'utf8'));
      for (const job of inForce.scrape_configs) {
        for (const discovery of job.kubernetes_sd_configs ?? []) {
          expect(discovery.namespaces).toEqual({ own_namespace: true });
          Object.assign(discovery, { kubeconfig_file: api.kubeconfig, namespaces: { names: [namespace] } });
        }
      }
      await writeFile(config, stringify(inForce));
      await start('StatefulSet/inferometer-prometheus', prometheus.path, {
        url: `http://127.0.0.1:${ports['prometheus.port']}/-/ready`,
        filesAreThere: true,
      });
      await start('Deployment/inferometer', process.execPath, {
        url: `http://127.0.0.1:${ports['server.ports.http']}/readyz`,
        args: [inferometerProgram, 'serve'],
        env: { ...withoutOwnSettings(), KUBERNETES_SERVICE_HOST: '127.0.0.1' },
      });
    }, 240_000);
    afterAll(() => running.disposeAsync());

    /** Starts the container of a Pod, and waits until its probe's URL answers. */
    async function start(
      from: string,
      command: string,
      options: { url: string; args?: string[]; env?: NodeJS.ProcessEnv; filesAreThere?: boolean },
    ): Promise<void> {
      const { args, env } = await machine.container(from, options.filesAreThere !== true);
      started[from] = running.use(
        await startProcess({
          command,
          args: [...(options.args ?? []), ...args],
          env: { ...options.env, ...env },
          ready: { url: options.url },
          readyTimeoutMs: 120_000,
        }),
      );
    }

    /** A result of Prometheus' API. */
    async function ask(path: string, parameters: Record<string, string> = {}): Promise<unknown> {
      const url = `http://127.0.0.1:${ports['prometheus.port']}/api/v1/${path}?${new URLSearchParams(parameters)}`;
      const { data } = (await (await fetch(url)).json()) as { data: unknown };
      return data;
    }

    test('Prometheus takes its configuration and its rules, and finds the Pods', async () => {
      const config = machine.path(
        'StatefulSet/inferometer-prometheus',
        '/etc/prometheus/config/prometheus.yml',
      );
      const checked = await promtool(['check', 'config', '--lint=all', '--lint-fatal', config]);
      expect({ code: checked.code, stderr: checked.stderr }).toEqual({ code: 0, stderr: '' });
      const { groups } = (await ask('rules')) as { groups: { name: string; rules: { health: string }[] }[] };
      expect(groups.length).toBeGreaterThan(1);
      await waitFor('targets to be up', async () => {
        const { activeTargets } = (await ask('targets', { state: 'active' })) as { activeTargets: Target[] };
        const found: Record<string, string>[] = activeTargets.map(({ labels, health, lastError }) => ({
          ...labels,
          health,
          lastError,
        }));
        expect(found.sort((a, b) => String(a.job).localeCompare(String(b.job)))).toEqual([
          pod('inferometer', 'inferometer-7f6d5c9b84-kq2zt', { version: expect.any(String) }),
          pod('otel-collector', 'inferometer-collector-0'),
          {
            job: 'prometheus',
            instance: `127.0.0.1:${ports['prometheus.port']}`,
            health: 'up',
            lastError: '',
          },
        ]);
        return true;
      });
      const bad = groups.flatMap(({ rules }) => rules.filter(({ health }) => health === 'err'));
      expect(bad).toEqual([]);
    });

    test('a request is a span in the store and a metric in Prometheus, and an exemplar leads to its trace', async () => {
      await waitFor(
        'an exemplar whose trace is stored',
        async () => {
          await request();
          const query = 'inference_request_duration_seconds_bucket{job="inferometer"}';
          const found = (await ask('query_exemplars', {
            query,
            start: String(Date.now() / 1000 - 600),
            end: String(Date.now() / 1000 + 60),
          })) as { exemplars: { labels: Record<string, string> }[] }[];
          const ids = found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
          const stored = new Set((await store.spans()).map(({ traceId }) => traceId));
          return ids.some((id) => id !== undefined && stored.has(id));
        },
        { timeoutMs: 90_000, intervalMs: 500 },
      );
      const [span] = (await store.spans()).filter(({ kind }) => kind === 'SERVER');
      expect(span?.resource).toMatchObject({
        'service.name': 'inferometer',
        'service.instance.id': 'inferometer-7f6d5c9b84-kq2zt',
        'k8s.namespace.name': namespace,
        'k8s.pod.name': 'inferometer-7f6d5c9b84-kq2zt',
        'k8s.deployment.name': 'inferometer',
        // Of the Pod's labels, by way of the API server: nothing but k8s_attributes knows it.
        'k8s.pod.start_time': expect.anything(),
      });
      const count =
        'sum(inference_request_duration_seconds_count{job="inferometer",namespace="live",pod="inferometer-7f6d5c9b84-kq2zt"})';
      const { result } = (await ask('query', { query: count })) as { result: { value: [number, string] }[] };
      expect(Number(result[0]?.value[1])).toBeGreaterThan(0);
    }, 120_000);

    test('metrics made of spans come by OTLP', async () => {
      await waitFor(
        'metrics of spans',
        async () => {
          await request();
          const query = 'sum({__name__=~"traces_span_metrics_calls.*"})';
          const { result } = (await ask('query', { query })) as { result: unknown[] };
          return result.length > 0;
        },
        { timeoutMs: 60_000, intervalMs: 500 },
      );
    }, 90_000);

    test('the queries of both autoscalers have an answer for each Pod', async () => {
      const queries = await saturation({ namespace, pod: 'inferometer.*' });
      for (const query of Object.values(queries)) {
        const { result } = (await ask('query', { query })) as { result: { value: [number, string] }[] };
        expect({ query, results: result.length }).toEqual({ query, results: 1 });
        expect(Number(result[0]?.value[1])).toBeGreaterThanOrEqual(0);
        expect(Number(result[0]?.value[1])).toBeLessThanOrEqual(1);
      }
    });

    test('the script of `helm test` passes, and says what it did not find', async () => {
      const env = {
        SERVICE_URL: `http://127.0.0.1:${ports['server.ports.http']}`,
        PROMETHEUS_URL: `http://127.0.0.1:${ports['prometheus.port']}`,
        NAMESPACE: namespace,
        TIMEOUT_SECONDS: '60',
      };
      const passed = await runProgram(process.execPath, [helmTest], { env });
      expect(passed).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('ok: Prometheus has the request'),
      });
      const other = { ...env, NAMESPACE: 'elsewhere', TIMEOUT_SECONDS: '2' };
      const failed = await runProgram(process.execPath, [helmTest], { env: other });
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain('not within 2 s: Prometheus has the request');
    }, 120_000);

    test('the service ends by itself within its grace period, and the rest with it', async () => {
      const service = started['Deployment/inferometer'] as RunningProcess;
      service.signal('SIGTERM');
      expect(await service.exited).toEqual({ code: 0, signal: null });
    });

    async function request(): Promise<void> {
      await fetch(`http://127.0.0.1:${ports['server.ports.http']}/nicknames`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: 'I could sleep all day' }),
      }).then((response) => response.arrayBuffer());
    }
  },
);

interface Target {
  readonly labels: Record<string, string>;
  readonly health: string;
  readonly lastError: string;
}

/** What the target of a Pod looks like once it is up. */
function pod(job: string, name: string, more: object = {}): Record<string, unknown> {
  return { job, namespace, pod: name, instance: name, node: 'node', health: 'up', lastError: '', ...more };
}
