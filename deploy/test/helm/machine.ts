import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ApiServer, TempDir } from '@inferometer/testkit';
import { create } from './api-server.ts';
import { find, type KubernetesObject, type PodTemplate, podsOf } from './chart.ts';

/**
 * A release on this machine instead of a node: its Pods are objects of a real API server, with this machine as their
 * address, and their containers are started as processes with the files, arguments and variables that the chart gives
 * them. What differs is said here, in one place: where files lie, and that names of Services are this machine.
 */
export interface Machine {
  /** A container of a Pod as a process: what to start it with. Its files are written as well, @default true */
  container(from: string, writesFiles?: boolean): Promise<{ args: string[]; env: Record<string, string> }>;
  /** The path here of a path in a container. */
  path(from: string, inContainer: string): string;
}

const address = '127.0.0.1';

/** Makes the Pods, and their files in a folder of each. */
export async function startMachine(
  api: ApiServer,
  namespace: string,
  objects: readonly KubernetesObject[],
  dir: TempDir,
): Promise<Machine> {
  const pods = podsOf(objects).filter(({ object }) => object.kind !== 'Pod');
  const uids = new Map<string, string>();
  for (const pod of pods) uids.set(pod.from, await createPod(api, namespace, pod));
  const path = (from: string, inContainer: string): string =>
    dir.file(`${from.replace('/', '-')}${inContainer}`);
  const here = (from: string, text: string): string =>
    text
      .replaceAll(/[a-z0-9-]+\.[a-z0-9-]+\.svc/g, address)
      .replaceAll(
        /(^|[=\s])(\/(?:etc|var|prometheus)\b[^\s]*)/g,
        (_all, before, file) => before + path(from, file),
      );
  return {
    path,
    async container(from, writesFiles = true) {
      const pod = pods.find((one) => one.from === from) as PodTemplate;
      const [container] = pod.spec.containers;
      for (const { name, mountPath } of writesFiles ? container.volumeMounts : []) {
        const volume = pod.spec.volumes.find((one: { name: string }) => one.name === name);
        await mkdir(path(from, mountPath), { recursive: true });
        for (const [file, text] of Object.entries(filesOf(volume, objects, pod))) {
          const at = path(from, `${mountPath}/${file}`);
          await mkdir(dirname(at), { recursive: true });
          await writeFile(at, here(from, text));
        }
      }
      const fields: Record<string, string> = {
        'metadata.name': podName(from),
        'metadata.namespace': namespace,
        'metadata.uid': uids.get(from) ?? '',
        'status.podIP': address,
        'spec.nodeName': 'node',
      };
      const env: Record<string, string> = {};
      for (const { name, value, valueFrom } of container.env ?? []) {
        const text = valueFrom ? fields[valueFrom.fieldRef.fieldPath] : value;
        // As the kubelet does: variables before this one.
        env[name] = here(from, text).replaceAll(/\$\(([A-Z0-9_]+)\)/g, (_all, before) => env[before] ?? '');
      }
      return { args: (container.args ?? []).map((text: string) => here(from, text)), env };
    },
  };
}

/** As the controllers name Pods. @param from kind and name of who makes it */
function podName(from: string): string {
  const [kind, name] = from.split('/');
  return kind === 'Deployment' ? `${name}-7f6d5c9b84-kq2zt` : `${name}-0`;
}

async function createPod(api: ApiServer, namespace: string, pod: PodTemplate): Promise<string> {
  const name = podName(pod.from);
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { volumes: _volumes, ...spec } = pod.spec;
  const containers = spec.containers.map(
    ({ volumeMounts: _mounts, ...container }: KubernetesObject) => container,
  );
  const metadata = { name, labels: pod.labels };
  const body = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...spec, containers, nodeName: 'node' } };
  await create(api, path, body);
  const made = (await api.request(`${path}/${name}`)).body as KubernetesObject;
  const status = { phase: 'Running', hostIP: address, podIP: address, podIPs: [{ ip: address }] };
  const answer = await api.request(`${path}/${name}/status`, { method: 'PUT', body: { ...made, status } });
  if (answer.status !== 200) throw new Error(`status of ${name}: ${JSON.stringify(answer.body)}`);
  return (made.metadata as { uid?: string }).uid ?? '';
}

/** Files of a volume by their paths in it. */
function filesOf(
  volume: KubernetesObject | undefined,
  objects: readonly KubernetesObject[],
  pod: PodTemplate,
): Record<string, string> {
  const labels = Object.entries(pod.labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  if (volume?.downwardAPI) return { labels: labels.join('\n') };
  if (!volume?.configMap) return {};
  return find(objects, 'ConfigMap', volume.configMap.name).data;
}
