import { readFile, writeFile } from 'node:fs/promises';
import {
  describeWithParts,
  helm,
  inferometerProgram,
  runProgram,
  tempDir,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { chartDir, complaints, find, objectsIn, render, template } from './chart.ts';

/** Flags of `helm template`, and what has to be said about them. */
type Mistake = readonly [flags: string, said: string];

/** Against the schema: the path and what is wrong there. */
const wrong: readonly Mistake[] = [
  ['server.replica=2', "at '/server': additional properties 'replica' not allowed"],
  ['server.replicas=two', "at '/server/replicas': got string, want integer"],
  ['server.replicas=-1', "at '/server/replicas': minimum: got -1, want 0"],
  ['server.ports.http=70000', "at '/server/ports/http': maximum: got 70,000, want 65,535"],
  ['server.image.tag=a b', "at '/server/image/tag': 'a b' does not match pattern"],
  ['server.image.digest=sha256:abc', "at '/server/image/digest': 'sha256:abc' does not match pattern"],
  ['server.image.pullPolicy=Sometimes', "at '/server/image/pullPolicy': value must be one of 'Always'"],
  [
    'server.otlp.endpoint=collector:4318',
    "at '/server/otlp/endpoint': 'collector:4318' does not match pattern",
  ],
  [
    'server.otlp.protocol=grpc',
    "at '/server/otlp/protocol': value must be one of 'http/json', 'http/protobuf'",
  ],
  ['server.settings.port=80', "at '/server/settings': additional properties 'port' not allowed"],
  [
    'server.resources.limits.memory=2 GB',
    "at '/server/resources/limits/memory': '2 GB' does not match pattern",
  ],
  ['server.extraEnv[0].nam=x', "at '/server/extraEnv/0': missing property 'name'"],
  ['models.source=s3', "at '/models/source': value must be one of 'image', 'claim', 'init'"],
  ['models.serve.minilm.path=', "at '/models/serve/minilm/path': minLength: got 0, want 1"],
  ['models.serve.m.maxbatch=2', "at '/models/serve/m': additional properties 'maxbatch' not allowed"],
  [
    'models.defaults.batching.maxBatchSize=0',
    "at '/models/defaults/batching/maxBatchSize': minimum: got 0, want 1",
  ],
  ['collector.mode=daemonset', "at '/collector/mode': value must be one of 'gateway', 'agent', 'two-tier'"],
  [
    'collector.gateway.sampling.percentage=101',
    "at '/collector/gateway/sampling/percentage': maximum: got 101",
  ],
  ['prometheus.scrapeInterval=15', "at '/prometheus/scrapeInterval': got number, want string"],
  [
    'prometheus.alertmanagers[0]=http://a',
    "at '/prometheus/alertmanagers/0': 'http://a' does not match pattern",
  ],
  ['grafana.adminPassword=secret', "at '/grafana': additional properties 'adminPassword' not allowed"],
  ['autoscaling.targetSaturation=10', "at '/autoscaling/targetSaturation': maximum: got 10, want 1"],
  ['autoscaling.minReplicas=0', "at '/autoscaling/minReplicas': minimum: got 0, want 1"],
  ['monitoring.serviceMonitor=yes please', "at '/monitoring/serviceMonitor': got string, want boolean"],
  ['fullnameOverride=Inferometer', "at '/fullnameOverride': 'Inferometer' does not match pattern"],
  ['promtheus.enabled=false', "at '': additional properties 'promtheus' not allowed"],
];

/** Right by themselves and wrong together: what is said, and the way out. */
const contradictory: readonly Mistake[] = [
  [
    'autoscaling.hpa.enabled=true,autoscaling.keda.enabled=true',
    'would work against each other. Switch one of them off',
  ],
  ['autoscaling.minReplicas=6', 'autoscaling.minReplicas is 6, more than autoscaling.maxReplicas (5)'],
  [
    'autoscaling.keda.enabled=true,prometheus.enabled=false,grafana.enabled=false',
    'needs a Prometheus to ask. Set autoscaling.keda.serverAddress',
  ],
  [
    'server.terminationGracePeriodSeconds=28',
    'server.terminationGracePeriodSeconds is 28, but draining takes up to 28 s (server.drain: 5 s delay, 20 s timeout, 3 s flush): Pods would be killed with requests in flight. Set it to 29 or more',
  ],
  ['server.ports.metrics=8080', 'server.ports.http and server.ports.metrics are the same port'],
  [
    'models.source=claim,models.repository.path=/models,models.claim.accessModes={ReadWriteOnce},server.replicas=2',
    'models.claim.accessModes is ReadWriteOnce, which Pods of one node can mount, but there may be 2 Pods. Use ReadOnlyMany',
  ],
  [
    'models.source=claim,models.repository.path=/models,models.claim.accessModes={ReadWriteOnce},autoscaling.keda.enabled=true,checkApis=false',
    'but there may be 5 Pods',
  ],
  [
    'models.source=claim',
    'models.source is claim, but neither models.serve nor models.repository.path says what to serve from /models',
  ],
  [
    'models.source=init,models.repository.path=/models',
    'models.init.image does not say which image downloads the models. Set models.init.image.repository',
  ],
  ['server.gpu.enabled=true,server.gpu.count=0', 'server.gpu.enabled is on with server.gpu.count=0'],
  ['collector.gateway.replicas=2', 'sampling by whole traces needs them at one. Use collector.mode=two-tier'],
  [
    'server.otlp.metrics=true,collector.enabled=false',
    'nothing in this release takes metrics by OTLP. Set server.otlp.endpoint',
  ],
  ['prometheus.enabled=false', 'grafana.enabled needs a Prometheus to read. Set prometheus.externalUrl'],
  [
    'prometheus.externalUrl=http://p:9090',
    'prometheus.enabled is on and prometheus.externalUrl names another',
  ],
  ['traces.externalUrl=http://t:3200', 'traces.enabled is on and traces.externalUrl names another store'],
  [
    'collector.exporter.endpoint=http://t:4318',
    'would start a store that gets none. Set traces.enabled=false',
  ],
  [
    'monitoring.serviceMonitor=true,monitoring.podMonitor=true,checkApis=false',
    'would scrape everything twice',
  ],
  [
    'monitoring.podMonitor=true',
    'monitoring.podMonitor needs monitoring.coreos.com/v1/PodMonitor, which this cluster does not have. Install prometheus-operator first, or set monitoring.podMonitor=false',
  ],
  ['monitoring.dashboards.grafanaOperator=true', 'Install grafana-operator first'],
  ['autoscaling.keda.enabled=true', 'Install KEDA first'],
  [
    'autoscaling.hpa.enabled=true',
    'Install prometheus-adapter with the rule of autoscaling.prometheusAdapter.rules=true first',
  ],
];

describeWithParts('values', ['helm'], () => {
  test.each([...wrong, ...contradictory])('%s is refused', async (flags, said) => {
    const { code, stderr, stdout } = await template(['--set', flags]);
    expect(complaints(stderr)).toContain(said);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  test('all contradictions are said at once', async () => {
    const { stderr } = await template(['--set', 'collector.gateway.replicas=2,server.ports.metrics=8080']);
    expect(stderr).toContain('collector.mode=two-tier');
    expect(stderr).toContain('the same port');
  });

  test('lint finds nothing', async () => {
    const { code, stdout } = await helm(['lint', '--strict', chartDir]);
    expect(stdout).not.toMatch(/WARNING|ERROR/);
    expect(code).toBe(0);
  });

  test('every value has its place in the schema, and nothing else has', async () => {
    const values = parse(await readFile(`${chartDir}/values.yaml`, 'utf8'));
    const schema = JSON.parse(await readFile(`${chartDir}/values.schema.json`, 'utf8'));
    const resolve = (node: Schema): Schema =>
      node.$ref ? schema.definitions[node.$ref.replace('#/definitions/', '')] : node;
    const compare = (value: unknown, unresolved: Schema, path: string): string[] => {
      const node = resolve(unresolved);
      if (!node.properties) return [];
      const open = node.additionalProperties === false ? [] : [`${path} takes anything`];
      const given = Object.keys((value ?? {}) as object);
      const known = Object.keys(node.properties).filter(
        (key) => path !== '' || !['global', 'enabled'].includes(key),
      );
      // Maps whose keys are settings of somebody else start empty.
      const lacking =
        given.length === 0 ? [] : known.filter((key) => !given.includes(key) && key !== 'claims');
      return [
        ...open,
        ...lacking.map((key) => `${path}/${key} is in the schema alone`),
        ...given.flatMap((key) => {
          const below = node.properties?.[key];
          const at = `${path}/${key}`;
          return below
            ? compare((value as Record<string, unknown>)[key], below, at)
            : [`${at} has no schema`];
        }),
      ];
    };
    expect(compare(values, schema, '')).toEqual([]);
    // No object of our own takes what it does not know.
    const objects = JSON.stringify(schema).match(/"properties"/g)?.length;
    expect(JSON.stringify(schema).match(/"additionalProperties":false/g)?.length).toBe(objects);
  });

  test('the service takes the file that the chart writes, with every setting there is', async () => {
    await using dir = await tempDir('chart-config');
    const schema = JSON.parse(await readFile(`${chartDir}/values.schema.json`, 'utf8'));
    const settings = Object.keys(schema.properties.server.properties.settings.properties);
    const given: Record<string, unknown> = { redis: 'redis://redis:6379', redisPrefix: 'p:' };
    const flags = settings.map((name) => `server.settings.${name}=${given[name] ?? 1000}`);
    const running = Object.keys(schema.definitions.running.properties);
    const values: Record<string, unknown> = {
      executorKind: 'worker',
      cpus: '0',
      batching: { maxBatchSize: 8, maxWaitMs: 'none', preferredSizes: [4] },
      tenantWeights: { a: 2 },
      device: 'cpu',
      soloThreads: 1,
    };
    const defaults = Object.fromEntries(running.map((name) => [name, values[name] ?? 2]));
    const objects = await render('minimal', {
      args: ['--set', flags.join(','), '--set-json', `models.defaults=${JSON.stringify(defaults)}`],
    });
    const { data } = find(objects, 'ConfigMap', 'inferometer');
    await writeFile(dir.file('inferometer.yaml'), data['inferometer.yaml']);
    const doctor = [inferometerProgram, 'doctor', '--config', dir.file('inferometer.yaml')];
    const { code, stdout } = await runProgram(process.execPath, doctor, { env: withoutOwnSettings() });
    expect(stdout).not.toContain('ERROR');
    expect(code).toBe(0);
    for (const name of [
      ...settings,
      'host',
      'port',
      'metricsPort',
      'modelCache',
      'drainDelay',
      'drainTimeout',
    ]) {
      expect(stdout).toMatch(new RegExp(`server\\.${name} +\\S+ +\\(file\\)`));
    }
  });

  test('a digest wins over a tag', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const objects = await render('minimal', {
      args: ['--set', `server.image.tag=v1,server.image.digest=${digest}`],
    });
    const [container] = find(objects, 'Deployment', 'inferometer').spec.template.spec.containers;
    expect(container.image).toBe(`ghcr.io/inferometer/inferometer@${digest}`);
  });

  test('a chart that depends on this one may pass its globals and its condition', async () => {
    const { code, stderr } = await template(['--set', 'global.imageRegistry=x,enabled=true']);
    expect(complaints(stderr)).toBe('');
    expect(code).toBe(0);
  });

  test('the password of Grafana is not the same twice', async () => {
    const passwords = await Promise.all(
      [1, 2].map(async () => {
        const { stdout } = await template(['--show-only', 'templates/grafana/deployment.yaml']);
        return find(objectsIn(stdout), 'Secret', 'inferometer-grafana').data.password;
      }),
    );
    expect(passwords[0]).not.toBe(passwords[1]);
  });
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}
