import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@inferometer/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Client, startClient } from '../client.ts';
import { kubectlFor } from '../kubectl.ts';
import { releaseName, releaseOf } from '../release.ts';

const folder = join(import.meta.dirname, '..');
const namespace = 'inferometer-test';
const kubectl = kubectlFor(inject('kubeconfig'), namespace);
/** For objects of several namespaces, and of none. */
const everywhere = kubectlFor(inject('kubeconfig'));
const release = releaseOf(kubectl);
const service = 'http://inferometer:8080';
const prometheus = 'http://inferometer-prometheus:9090';
const model = 'nickname-encoder';

let client: Client;
let isInstalled = false;

beforeAll(async () => {
  await kubectl.run(['create', 'namespace', namespace]);
  await kubectl.run(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
  await waitFor(
    'the service account of the namespace',
    async () => (await kubectl.attempt(['get', 'serviceaccount', 'default'])).code === 0,
  );
  client = await startClient(kubectl);
  await kubectl.apply(await readFile(join(folder, 'manifests/trace-store.yaml'), 'utf8'));
  await kubectl.run(['rollout', 'status', 'deployment/trace-store', '--timeout=120s']);
});

beforeEach(({ task }) => {
  if (!isInstalled && !task.name.startsWith('installs'))
    throw new Error('the release could not be installed');
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(`== ${task.name}\n${await kubectl.report()}`);
});

afterAll(async () => {
  await everywhere.attempt(['delete', '--ignore-not-found', '-f', '-'], { stdin: await adapterManifest() });
  await kubectl.run(['delete', 'namespace', namespace, '--timeout=120s']);
});

interface Pod {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly status: {
    readonly phase: string;
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses: readonly { readonly restartCount: number }[];
  };
}

/** The Pods of the release, or of one of its components. */
async function pods(component?: string): Promise<readonly Pod[]> {
  const own = `app.kubernetes.io/instance=${releaseName}`;
  const selector = component ? `${own},app.kubernetes.io/component=${component}` : own;
  return (await kubectl.json<{ items: Pod[] }>(['get', 'pods', '--selector', selector])).items;
}

const isReady = ({ status }: Pod) =>
  status.conditions.some((it) => it.type === 'Ready' && it.status === 'True');

interface Answer {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An instant query to the Prometheus of the cluster. */
async function query(promql: string): Promise<readonly Answer[]> {
  const { status, text } = await client.ask(
    `${prometheus}/api/v1/query?${new URLSearchParams({ query: promql })}`,
  );
  if (status !== 200) throw new Error(`${promql}: ${status} ${text}`);
  const { data } = JSON.parse(text) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return data.result.map((it) => ({ labels: it.metric, value: Number(it.value[1]) }));
}

async function adapterManifest(): Promise<string> {
  return (await readFile(join(folder, 'manifests/prometheus-adapter.yaml'), 'utf8'))
    .replaceAll('@NAMESPACE@', namespace)
    .replaceAll('@PROMETHEUS@', prometheus)
    .replaceAll('@RULES@', 'inferometer-adapter-rules');
}

const deployment = ['get', 'deployment', 'inferometer'] as const;

describe('the chart on a real cluster', () => {
  test('installs with its default values, and every Pod gets ready', { timeout: 420_000 }, async () => {
    await release.install(['images.yaml']);
    isInstalled = true;
    const all = await pods();
    const components = all.map((it) => it.metadata.labels['app.kubernetes.io/component']).sort();
    expect(components).toEqual(['collector', 'prometheus', 'server']);
    expect(all.filter((it) => !isReady(it)).map((it) => it.metadata.name)).toEqual([]);
    expect(all.flatMap((it) => it.status.containerStatuses.map((c) => c.restartCount))).toEqual([0, 0, 0]);
  });

  test('the Pod of the service runs as nobody and can write where it has to only', async () => {
    const script = `
      const attempts = ['/', '/app', '/usr/share', '/tmp', '/dev/shm'].map((place) => {
        try { fs.writeFileSync(place + '/probe', ''); fs.unlinkSync(place + '/probe'); return [place, 'written']; }
        catch (error) { return [place, error.code]; }
      });
      const { CapEff, NoNewPrivs } = Object.fromEntries(fs.readFileSync('/proc/self/status', 'utf8').split('\\n').map((line) => line.split(':\\t')));
      process.stdout.write(JSON.stringify({ uid: process.getuid(), ...Object.fromEntries(attempts), CapEff, NoNewPrivs }));`;
    const said = await kubectl.run(['exec', 'deployment/inferometer', '--', 'node', '-e', script]);
    expect(JSON.parse(said)).toEqual({
      uid: 65532,
      '/': 'EROFS',
      '/app': 'EROFS',
      '/usr/share': 'EROFS',
      '/tmp': 'written',
      '/dev/shm': 'written',
      CapEff: '0000000000000000',
      NoNewPrivs: '1',
    });
  });

  test('answers through its Service, by three protocols', async () => {
    const embedded = await client.ask(`${service}/v1/embeddings`, {
      model,
      input: 'from within the cluster',
    });
    expect(embedded.status).toBe(200);
    expect(JSON.parse(embedded.text).data[0].embedding.length).toBeGreaterThan(10);
    const full = `http://inferometer.${namespace}.svc.cluster.local:8080`;
    expect((await client.ask(`${full}/embed`, { inputs: ['one', 'two'] })).status).toBe(200);
    expect((await client.ask(`${service}/v2/health/ready`)).status).toBe(200);
    expect((await client.ask(`${service}/v1/embeddings`, { model: 'none', input: 'x' })).status).toBe(404);
  });

  test('its metrics are in the Prometheus of the cluster, each request counted once', async () => {
    const count = `sum(inference_request_duration_seconds_count{namespace="${namespace}",model="${model}",status="200"})`;
    const load = await client.load(`${service}/embed`, { clients: 2, words: 5 });
    const { answered, lost, first } = await load.stop();
    expect({ lost, first }).toEqual({ lost: 0, first: undefined });
    // Two of the test before.
    const expected = answered + 2;
    let seen: number | undefined;
    await waitFor(
      `${expected} requests in Prometheus`,
      async () => {
        seen = (await query(count))[0]?.value;
        return seen !== undefined && seen >= expected;
      },
      { timeoutMs: 60_000, intervalMs: 1_000 },
    );
    expect(seen).toBe(expected);
    await waitFor('all targets to be scraped', async () => (await query('up == 0')).length === 0, {
      timeoutMs: 60_000,
      intervalMs: 1_000,
    });
    const jobs = (await query('count by (job) (up)')).map((it) => it.labels.job).sort();
    expect(jobs).toContain('inferometer');
    expect(jobs).toContain('otel-collector');
  });

  test('its spans have passed the Collector of the cluster, with the Pod that made them', async () => {
    const [server] = await pods('server');
    const found = await waitFor(
      'a span of the service in the trace store',
      async () => {
        await client.ask(`${service}/embed`, { inputs: 'a trace of this' });
        const log = await kubectl.run(['logs', 'deployment/trace-store', '--tail=-1']);
        return log.includes('POST /embed') && log.includes('inference.run') ? log : undefined;
      },
      { timeoutMs: 90_000, intervalMs: 1_000 },
    );
    expect(found).toContain(`k8s.pod.name: Str(${server?.metadata.name})`);
    expect(found).toContain(`k8s.namespace.name: Str(${namespace})`);
  });

  test('helm test', { timeout: 240_000 }, async () => {
    const said = await release.helm(['test', releaseName, '--logs', '--timeout', '3m']);
    expect(said).toMatch(/Phase:\s+Succeeded/);
  });

  test('a rolling upgrade under load loses no request', { timeout: 420_000 }, async () => {
    const before = (await pods('server')).map((it) => it.metadata.name);
    await using load = await client.load(`${service}/embed`, { clients: 6, words: 12 });
    await release.upgrade(
      ['images.yaml'],
      ['server.podAnnotations.rollout=second', 'autoscaling.prometheusAdapter.rules=true'],
    );
    // Until the old one is gone, which is drained first.
    await waitFor(
      'the old Pod to be gone',
      async () => {
        const names = (await pods('server')).map((it) => it.metadata.name);
        return names.length > 0 && names.every((it) => !before.includes(it));
      },
      { timeoutMs: 120_000, intervalMs: 500 },
    );
    const { answered, lost, first } = await load.stop();
    expect({ lost, first }).toEqual({ lost: 0, first: undefined });
    expect(answered).toBeGreaterThan(50);
  });

  test('its autoscaler adds Pods while queues are full, and takes them away again', {
    timeout: 420_000,
  }, async () => {
    await everywhere.apply(await adapterManifest());
    await kubectl.run(['rollout', 'status', 'deployment/prometheus-adapter', '--timeout=120s']);
    // The chart asks for the API before it makes an autoscaler that needs it.
    const metric = `/apis/custom.metrics.k8s.io/v1beta1/namespaces/${namespace}/pods/*/inference_queue_saturation`;
    await waitFor(
      'the custom metric',
      async () => {
        const { items } = JSON.parse(await kubectl.run(['get', '--raw', metric])) as { items: unknown[] };
        return items.length === 1;
      },
      { timeoutMs: 90_000, intervalMs: 1_000 },
    );
    await release.upgrade(['images.yaml', 'autoscaling.yaml']);

    const replicas = async () =>
      (await kubectl.json<{ status: { readyReplicas?: number } }>(deployment)).status.readyReplicas ?? 0;
    expect(await replicas()).toBe(1);
    {
      await using load = await client.load(`${service}/embed`, { clients: 24, words: 200 });
      await waitFor('a second Pod that is ready', async () => (await replicas()) === 2, {
        timeoutMs: 180_000,
        intervalMs: 1_000,
      });
      const { lost, first } = await load.stop();
      expect({ lost, first }).toEqual({ lost: 0, first: undefined });
    }
    await waitFor('one Pod again', async () => (await pods('server')).length === 1, {
      timeoutMs: 180_000,
      intervalMs: 1_000,
    });
  });

  test('rolls back to the first revision', { timeout: 420_000 }, async () => {
    await release.helm(['rollback', releaseName, '1', '--wait', '--timeout', '5m']);
    expect((await kubectl.run(['get', 'hpa', '-o', 'name'])).trim()).toBe('');
    const { spec } = await kubectl.json<{
      spec: { replicas: number; template: { metadata: { annotations: Record<string, string> } } };
    }>(deployment);
    expect(spec.replicas).toBe(1);
    expect(spec.template.metadata.annotations).not.toHaveProperty('rollout');
    expect((await client.ask(`${service}/embed`, { inputs: 'back again' })).status).toBe(200);
  });

  test('uninstalls and leaves nothing behind', { timeout: 240_000 }, async () => {
    await release.helm(['uninstall', releaseName, '--wait', '--timeout', '3m']);
    const kinds = (await kubectl.run(['api-resources', '--verbs=list', '--output=name']))
      .split('\n')
      .filter((it) => it !== '' && !/^events|metrics\.k8s\.io$/.test(it));
    const left = await waitFor(
      'all objects of the release to be gone',
      async () => {
        const found = await kubectl.run([
          ...['get', kinds.join(','), '--all-namespaces', '--ignore-not-found', '-o', 'name'],
          ...['--selector', `app.kubernetes.io/instance=${releaseName}`],
        ]);
        const secrets = await kubectl.run(['get', 'secrets', '--selector=owner=helm', '-o', 'name']);
        const names = `${found}${secrets}`.trim();
        return names === '' ? 'nothing' : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 1_000 },
    );
    expect(left).toBe('nothing');
  });
});
