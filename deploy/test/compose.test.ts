import { readFile } from 'node:fs/promises';
import { METRIC } from '@inferometer/core';
import {
  describeWithParts,
  freePort,
  startCollector,
  startProcess,
  startPrometheus,
  tempDir,
  waitFor,
} from '@inferometer/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findingsOf } from './compose/findings.ts';
import { type ComposeProject, composeFolder, composeVariables, readProject } from './compose/project.ts';
import { collectorFile, freeCollectorPorts, startConfiguredCollector } from './live/collector.ts';
import { startService } from './live/service.ts';

const repository = `${composeFolder}../../`;
const yaml = async (path: string) => parse(await readFile(path, 'utf8'), { merge: true });

describeWithParts('compose/compose.yaml', ['compose-config'], () => {
  let project: ComposeProject;
  beforeAll(async () => {
    project = await readProject();
  });

  test('names nothing that is not there, and is open to this machine alone', () => {
    expect(Object.keys(project.services).sort()).toEqual([
      'alertmanager',
      'collector',
      'grafana',
      'inferometer',
      'jaeger',
      'load',
      'prometheus',
    ]);
    expect(findingsOf(project)).toEqual([]);
  });

  describe('what is wrong is found', () => {
    const wrong: Readonly<Record<string, readonly [change: (one: Mutable) => void, finding: string]>> = {
      'a file that is not there': [
        (one) => Object.assign(one.jaeger.volumes[0], { source: '/nowhere.yaml' }),
        'jaeger: /nowhere.yaml is not there',
      ],
      'a host of another name': [
        (one) =>
          Object.assign(one.inferometer.environment, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' }),
        'inferometer: otel:4318 is no service of this project',
      ],
      'a port that nobody listens on': [
        (one) => Object.assign(one.collector.environment, { COLLECTOR_TRACES_BACKEND: 'http://jaeger:4319' }),
        'collector: jaeger does not listen on 4319',
      ],
      'a target of Prometheus that is renamed': [
        (one) =>
          Object.assign(one, { service: one.inferometer, inferometer: undefined }) && delete one.inferometer,
        'prometheus: inferometer:9464 is no service of this project',
      ],
      root: [(one) => delete one.grafana.user, 'grafana: runs as 0'],
      'a port for everybody': [
        (one) => delete one.grafana.ports[0].host_ip,
        'grafana: 3000 is published beyond loopback',
      ],
      'a version that floats': [
        (one) => Object.assign(one.jaeger, { image: 'docker.io/jaegertracing/jaeger:latest' }),
        'jaeger: docker.io/jaegertracing/jaeger:latest is not pinned',
      ],
    };
    test.each(Object.entries(wrong))('%s', (_, [change, finding]) => {
      const changed = structuredClone(project);
      change(changed.services as Mutable);
      expect(findingsOf(changed)).toContain(finding);
    });
  });

  test('its .env has every variable, and no other', async () => {
    const env = await readFile(`${composeFolder}.env`, 'utf8');
    const names = [...env.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    const wanted = composeVariables(await readFile(`${composeFolder}compose.yaml`, 'utf8'));
    expect(names.sort()).toEqual(wanted.sort());
  });

  test('is of the versions that the tests run', async () => {
    const { dist } = await yaml(`${repository}tools/parts/otelcol/builder.yaml`);
    expect(project.services.collector?.image).toMatch(`:${dist.version}`);
    const pins = await readFile(`${repository}tools/parts/prometheus/go.mod`, 'utf8');
    // The module of Prometheus 3.10 is v0.310.
    const [, minor] = /prometheus\/prometheus v0\.3(\d\d)\.0/.exec(pins) ?? [];
    expect(project.services.prometheus?.image).toMatch(`:v3.${minor}.0`);
  });

  test("Prometheus' file is that of one machine, with other addresses", async () => {
    const here = await yaml(`${composeFolder}prometheus.yml`);
    const there = await yaml(`${composeFolder}../prometheus/prometheus.yml`);
    expect(here.alerting.alertmanagers[0].static_configs[0].targets).toEqual(['alertmanager:9093']);
    delete here.alerting;
    const withoutTargets = (text: unknown) => JSON.stringify(text).replaceAll(/"targets":\[[^\]]*\]/g, '');
    expect(withoutTargets(here)).toBe(withoutTargets(there));
  });

  test("Grafana's data sources are those that the dashboards ask for", async () => {
    const here = await yaml(`${composeFolder}grafana/datasources.yaml`);
    const there = await yaml(`${repository}grafana/provisioning/datasources/inferometer.yaml`);
    const uids = ({ datasources }: { datasources: { uid: string }[] }) => datasources.map(({ uid }) => uid);
    expect(uids(here)).toEqual(expect.arrayContaining(uids(there)));
    const [prometheus] = here.datasources;
    const { global } = await yaml(`${composeFolder}prometheus.yml`);
    expect(prometheus.jsonData.timeInterval).toBe(global.scrape_interval);
    expect(prometheus.jsonData.exemplarTraceIdDestinations).toEqual([
      { name: 'trace_id', datasourceUid: 'inferometer-traces' },
    ]);
    const { environment = {}, volumes = [] } = project.services.grafana ?? {};
    expect(volumes.map(({ target }) => target)).toContain(environment.INFEROMETER_DASHBOARDS);
  });

  test('Jaeger takes OTLP and answers where the others look for it', async () => {
    const { extensions, receivers, exporters, service } = await yaml(`${composeFolder}jaeger.yaml`);
    expect(receivers.otlp.protocols.http.endpoint).toBe('0.0.0.0:4318');
    expect(extensions.jaeger_query.http.endpoint).toBe('0.0.0.0:16686');
    expect(service.extensions.sort()).toEqual(Object.keys(extensions).sort());
    expect(service.pipelines.traces).toEqual({
      receivers: Object.keys(receivers),
      exporters: Object.keys(exporters),
    });
    const health = project.services.jaeger?.healthcheck?.test.at(-1) as string;
    expect(health).toContain(extensions.healthcheckv2.http.endpoint.replace('0.0.0.0', '127.0.0.1'));
  });
});

describeWithParts('the stack of Compose, on loopback', ['compose-config', 'otelcol', 'prometheus'], () => {
  test('traces reach the trace store, metrics Prometheus, by scrape and by OTLP', async () => {
    const { services } = await readProject();
    const ports = await freeCollectorPorts();
    const metricsPort = await freePort();
    await using dir = await tempDir('compose');
    await using jaeger = await startCollector();
    await using server = await startService(`http://127.0.0.1:${ports.http}`);
    const config = Object.entries({
      'inferometer:9464': server.host,
      'collector:8888': `127.0.0.1:${metricsPort}`,
      'rules/*.yaml': `${composeFolder}../prometheus/rules/*.yaml`,
      'scrape_interval: 5s': 'scrape_interval: 1s',
      'scrape_timeout: 4s': 'scrape_timeout: 1s',
    }).reduce(
      (text, [from, to]) => {
        expect(text).toContain(from);
        return text.replace(from, to);
      },
      await readFile(`${composeFolder}prometheus.yml`, 'utf8'),
    );
    await using prometheus = await startPrometheus({ config });
    await using _collector = await startConfiguredCollector({
      files: [collectorFile('gateway.yaml')],
      ports,
      env: {
        ...fromContainers(services.collector?.environment ?? {}, {
          'jaeger:4318': jaeger.url,
          'prometheus:9090': prometheus.url,
        }),
        COLLECTOR_METRICS_PORT: String(metricsPort),
        COLLECTOR_STORAGE: dir.file('queue'),
        COLLECTOR_SPAN_METRICS_INTERVAL: '1s',
      },
    });
    await using _load = await startProcess({
      command: process.execPath,
      args: [`${composeFolder}load.mjs`, server.url],
      ready: { output: /sending requests/ },
    });
    const spans = await jaeger.waitForSpans((all) => all.some(({ name }) => name === 'POST /embed'), {
      timeoutMs: 60_000,
    });
    expect(spans.map(({ resource }) => resource['service.name'])).toContain('inferometer');
    // Of the spans the Collector makes metrics, which come by OTLP.
    await prometheus.waitForQuery('traces_span_metrics_calls_total{job="inferometer"}', undefined, {
      timeoutMs: 60_000,
    });
    for (const job of ['inferometer', 'otel-collector']) {
      await prometheus.waitForQuery(`up{job="${job}"} == 1`, undefined, { timeoutMs: 30_000 });
    }
    // What the load sends is right, but for what is meant to be wrong.
    await waitFor('every kind of request', async () => {
      const metrics = [...(await server.metrics()).keys()];
      const statuses = metrics
        .filter((series) => series.startsWith(`${METRIC.httpServerDuration}_count{`))
        .map((series) => /http_route="([^"]+)".*status_code="(\d+)"/.exec(series)?.slice(1).join(' '));
      expect(new Set(statuses)).toEqual(
        new Set(['/embed 200', '/embed 400', '/nicknames 200', '/v1/completions 200', '/v1/embeddings 200']),
      );
      return true;
    });
  }, 180_000);
});

/** A container's environment, as a process here takes it: listening where the test says, sending to where things are. */
function fromContainers(
  environment: Readonly<Record<string, string>>,
  places: Readonly<Record<string, string>>,
): Record<string, string> {
  const own = /_(ENDPOINT|HOST|PORT|STORAGE)$/;
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([name]) => !own.test(name))
      .map(([name, value]) => {
        const [place, url] = Object.entries(places).find(([at]) => value.includes(`//${at}`)) ?? [];
        return [name, place === undefined ? value : value.replace(`http://${place}`, url as string)];
      }),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: changed in any way that a file could be.
type Mutable = any;
