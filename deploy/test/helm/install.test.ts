import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type ApiServer, describeWithParts, helm } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { create, createNamespace, objectsOf, startApiServerWithOperators } from './api-server.ts';
import { chartDir, complaints, layouts, podsOf, render, valuesFile } from './chart.ts';

/** The release before this one, as it was packaged. */
const previous = fileURLToPath(new URL('previous/inferometer-0.1.0.tgz', import.meta.url));

const release = 'inferometer';

describeWithParts('the chart in an API server', ['etcd', 'kube-apiserver', 'helm'], () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApiServerWithOperators();
  }, 240_000);
  afterAll(() => api?.stop());

  /** Runs Helm in a namespace. @throws {Error} with what it says, also if it only warns */
  async function run(namespace: string, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await helm([...args, '--namespace', namespace], {
      kubeconfig: api.kubeconfig,
    });
    const said = complaints(stderr);
    if (code !== 0 || said !== '') throw new Error(`helm ${args[0]}: ${code} ${said}`);
    return stdout;
  }

  /** A layout whose API no controller makes here is told that it is there. */
  const flags = (layout: string): string[] => [
    ...['--values', valuesFile(layout)],
    ...(layout === 'hpa' ? ['--set', 'checkApis=false'] : []),
  ];

  test.each(layouts)(
    'install, upgrade, rollback, uninstall leave nothing: %s',
    async (layout) => {
      const namespace = `release-${layout}`;
      await createNamespace(api, namespace);
      await run(namespace, 'install', release, chartDir, ...flags(layout));
      const installed = await objectsOf(api, namespace, release);
      expect(installed).toContain(
        `deployments/${layout === 'everything' ? 'inferometer-inference' : release}`,
      );
      const change = [
        '--set',
        'server.podAnnotations.changed=yes',
        '--set',
        'server.drain.timeoutSeconds=15',
      ];
      await run(namespace, 'upgrade', release, chartDir, ...flags(layout), ...change);
      expect(await objectsOf(api, namespace, release)).toEqual(installed);
      await run(namespace, 'rollback', release, '1');
      expect(await objectsOf(api, namespace, release)).toEqual(installed);
      const told = await run(namespace, 'uninstall', release);
      // What a claim holds may be all there is of it; whoever uninstalls is told that it stays.
      const kept = layout === 'claim' ? ['persistentvolumeclaims/inferometer-models'] : [];
      expect(await objectsOf(api, namespace, release)).toEqual(kept);
      expect(told.includes('inferometer-models')).toBe(layout === 'claim');
    },
    120_000,
  );

  test.each(layouts)('Pods are taken where restricted is enforced: %s', async (layout) => {
    const namespace = `pods-${layout}`;
    await createNamespace(api, namespace);
    const pods = podsOf(await render(layout, { namespace }));
    expect(pods.length).toBeGreaterThan(0);
    for (const { from, object, labels, spec } of pods) {
      // A StatefulSet's controller adds these.
      const claims = (object.spec.volumeClaimTemplates ?? []).map(
        (claim: { metadata: { name: string } }) => ({
          name: claim.metadata.name,
          persistentVolumeClaim: { claimName: claim.metadata.name },
        }),
      );
      const volumes = [...(spec.volumes ?? []), ...claims];
      const metadata = { name: from.toLowerCase().replace('/', '-'), labels };
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata,
        spec: { ...spec, volumes, restartPolicy: 'Always' },
      };
      await create(api, `/api/v1/namespaces/${namespace}/pods?fieldValidation=Strict`, withRuntimeClass(pod));
    }
  });

  test('a Pod that is not restricted is refused there', async () => {
    await createNamespace(api, 'not-restricted');
    const [pod] = podsOf(await render('minimal'));
    const spec = { ...pod?.spec, securityContext: {} };
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'root' }, spec };
    const refused = await api.request('/api/v1/namespaces/not-restricted/pods', { method: 'POST', body });
    expect(refused.status).toBe(403);
    expect(JSON.stringify(refused.body)).toContain('violates PodSecurity');
  });

  test('the previous version is upgraded, and comes back by rollback', async () => {
    const namespace = 'from-previous';
    await createNamespace(api, namespace);
    await run(namespace, 'install', release, previous);
    const password = await secret(namespace);
    const before = await objectsOf(api, namespace, release);
    await run(namespace, 'upgrade', release, chartDir);
    expect(await secret(namespace)).toBe(password);
    const chart = JSON.parse(await run(namespace, 'list', '--output', 'json'));
    const { version } =
      /^version: (?<version>.+)$/m.exec(await readFile(`${chartDir}/Chart.yaml`, 'utf8'))?.groups ?? {};
    expect(chart).toMatchObject([{ chart: `inferometer-${version}`, status: 'deployed', revision: '2' }]);
    await run(namespace, 'rollback', release, '1');
    expect(await objectsOf(api, namespace, release)).toEqual(before);
    await run(namespace, 'uninstall', release);
    expect(await objectsOf(api, namespace, release)).toEqual([]);
  }, 240_000);

  test("Grafana's password is made once, and one that a Secret has is left alone", async () => {
    const namespace = 'passwords';
    await createNamespace(api, namespace);
    await run(namespace, 'install', release, chartDir);
    const made = await secret(namespace);
    expect(Buffer.from(made ?? '', 'base64').toString()).toMatch(/^[A-Za-z0-9]{32}$/);
    await run(namespace, 'upgrade', release, chartDir, '--set', 'grafana.admin.user=somebody');
    expect(await secret(namespace)).toBe(made);
    await run(namespace, 'upgrade', release, chartDir, '--set', 'grafana.admin.existingSecret=mine');
    expect(await secret(namespace)).toBeUndefined();
  }, 240_000);

  test('two releases share a namespace, each far smaller than the Secret that has to hold it', async () => {
    const namespace = 'shared';
    await createNamespace(api, namespace);
    await run(namespace, 'install', release, chartDir);
    await run(namespace, 'install', 'second', chartDir);
    await run(namespace, 'uninstall', 'second');
    expect(await objectsOf(api, namespace, 'second')).toEqual([]);
    expect((await objectsOf(api, namespace, release)).length).toBeGreaterThan(20);
    const path = `/api/v1/namespaces/${namespace}/secrets/sh.helm.release.v1.${release}.v1`;
    const { data } = (await api.request(path)).body as { data: { release: string } };
    expect(Buffer.from(data.release, 'base64').length).toBeLessThan(700_000);
  }, 240_000);

  test('missing kinds are said before anything is installed', async () => {
    const { kubeconfig } = api;
    const bare = ['customresourcedefinitions/servicemonitors.monitoring.coreos.com'];
    for (const name of bare) {
      const path = `/apis/apiextensions.k8s.io/v1/${name}`;
      await api.request(path, { method: 'DELETE' });
    }
    await expect
      .poll(async () => (await api.request('/apis/monitoring.coreos.com/v1/servicemonitors')).status, {
        timeout: 30_000,
      })
      .toBe(404);
    const namespace = 'no-monitors';
    await createNamespace(api, namespace);
    const args = ['install', release, chartDir, '--namespace', namespace];
    const { code, stderr } = await helm([...args, '--set', 'monitoring.serviceMonitor=true'], { kubeconfig });
    expect(code).toBe(1);
    expect(stderr).toContain('monitoring.serviceMonitor needs monitoring.coreos.com/v1/ServiceMonitor');
    expect(stderr).toContain('Install prometheus-operator first, or set monitoring.serviceMonitor=false');
    expect(await objectsOf(api, namespace, release)).toEqual([]);
    const hpa = await helm([...args, '--set', 'autoscaling.hpa.enabled=true'], { kubeconfig });
    expect(hpa.stderr).toContain('autoscaling.hpa.enabled needs the API custom.metrics.k8s.io');
    expect(await objectsOf(api, namespace, release)).toEqual([]);
  });

  /** Grafana's password as the Secret has it, undefined without the Secret. */
  async function secret(namespace: string): Promise<string | undefined> {
    const { status, body } = await api.request(`/api/v1/namespaces/${namespace}/secrets/inferometer-grafana`);
    return status === 200 ? (body as { data: { password: string } }).data.password : undefined;
  }
});

/** Without a class that only a cluster with GPUs has: admission asks for it. */
function withRuntimeClass(pod: { spec: Record<string, unknown> }): object {
  const { runtimeClassName: _class, ...spec } = pod.spec;
  return { ...pod, spec };
}

test('the previous version is another one', async () => {
  const text = await readFile(`${chartDir}/Chart.yaml`, 'utf8');
  expect(text).not.toContain('\nversion: 0.1.0\n');
});
