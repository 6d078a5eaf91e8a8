import { readdir, readFile } from 'node:fs/promises';
import { type ApiServer, startApiServer, waitFor } from '@inferometer/testkit';
import { type KubernetesObject, objectsIn } from './chart.ts';

const crds = new URL('crds/', import.meta.url);

/** An API server with the kinds of prometheus-operator, KEDA and grafana-operator. */
export async function startApiServerWithOperators(): Promise<ApiServer> {
  const api = await startApiServer();
  try {
    const files = (await readdir(crds)).filter((file) => file.endsWith('.yaml'));
    for (const file of files) {
      const [crd] = objectsIn(await readFile(new URL(file, crds), 'utf8'));
      await create(api, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd as KubernetesObject);
    }
    // Helm asks what there is: kinds are there once the API server says so itself.
    for (const path of [
      '/apis/monitoring.coreos.com/v1/servicemonitors',
      '/apis/monitoring.coreos.com/v1/podmonitors',
      '/apis/monitoring.coreos.com/v1/prometheusrules',
      '/apis/keda.sh/v1alpha1/scaledobjects',
      '/apis/grafana.integreatly.org/v1beta1/grafanadashboards',
    ]) {
      await waitFor(path, async () => (await api.request(path)).status === 200);
    }
    return api;
  } catch (error) {
    await api.stop();
    throw error;
  }
}

/** Makes an object. @throws {Error} with what the API server says against it */
export async function create(api: ApiServer, path: string, body: object): Promise<void> {
  const { status, body: answer } = await api.request(path, { method: 'POST', body });
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(answer)}`);
}

/** A namespace in which Pods that are not *restricted* are refused, and templates of such warned about. */
export async function createNamespace(api: ApiServer, name: string): Promise<void> {
  const labels = Object.fromEntries(
    ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
  );
  const metadata = { name, labels };
  await create(api, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
}

/** Kinds that the chart makes, by their paths below a namespace, or below none. */
const kinds = [
  ...['configmaps', 'secrets', 'services', 'serviceaccounts', 'persistentvolumeclaims', 'pods'].map(
    (kind) => `/api/v1/namespaces/NAMESPACE/${kind}`,
  ),
  ...[
    ...['apps/v1/deployments', 'apps/v1/statefulsets', 'apps/v1/daemonsets'],
    ...['rbac.authorization.k8s.io/v1/roles', 'rbac.authorization.k8s.io/v1/rolebindings'],
    ...['policy/v1/poddisruptionbudgets', 'networking.k8s.io/v1/networkpolicies'],
    ...['autoscaling/v2/horizontalpodautoscalers', 'keda.sh/v1alpha1/scaledobjects'],
    ...['monitoring.coreos.com/v1/servicemonitors', 'monitoring.coreos.com/v1/podmonitors'],
    ...['monitoring.coreos.com/v1/prometheusrules', 'grafana.integreatly.org/v1beta1/grafanadashboards'],
  ].map((kind) => `/apis/${kind.replace(/\/([^/]+)$/, '/namespaces/NAMESPACE/$1')}`),
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
];

/** What is left of a release, as `clusterroles/name`. */
export async function objectsOf(api: ApiServer, namespace: string, release: string): Promise<string[]> {
  const selector = encodeURIComponent(`app.kubernetes.io/instance=${release}`);
  const found = await Promise.all(
    kinds.map(async (kind) => {
      const path = kind.replace('NAMESPACE', namespace);
      const { status, body } = await api.request(`${path}?labelSelector=${selector}`);
      // A kind that the cluster does not have has no objects.
      if (status === 404) return [];
      if (status !== 200) throw new Error(`GET ${path}: ${status}`);
      const { items } = body as { items: KubernetesObject[] };
      const own = items.filter(
        ({ metadata }) =>
          // Deleted, and waiting for a controller that is not here to let a claim go.
          !('deletionTimestamp' in metadata) &&
          (kind.includes('NAMESPACE') || metadata.name.startsWith(namespace)),
      );
      return own.map(({ metadata }) => `${path.split('/').at(-1)}/${metadata.name}`);
    }),
  );
  return found.flat().sort();
}
