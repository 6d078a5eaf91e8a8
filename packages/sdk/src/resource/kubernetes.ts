import { readFileSync } from 'node:fs';
import type { Env } from '../config/env.ts';

const namespaceFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Variables that charts set from the downward API, by attribute; the first that is set counts. */
const variables = {
  'k8s.pod.name': ['K8S_POD_NAME', 'POD_NAME'],
  'k8s.pod.uid': ['K8S_POD_UID', 'POD_UID'],
  'k8s.namespace.name': ['K8S_NAMESPACE_NAME', 'POD_NAMESPACE'],
  'k8s.node.name': ['K8S_NODE_NAME', 'NODE_NAME'],
  'k8s.deployment.name': ['K8S_DEPLOYMENT_NAME'],
  'k8s.container.name': ['K8S_CONTAINER_NAME', 'CONTAINER_NAME'],
} as const;

export interface KubernetesOptions {
  readonly env: Env;
  readonly hostname: string;
  /** File of the namespace that each Pod has. @default the service account's */
  readonly namespaceFile?: string;
}

/**
 * What a Pod can know of itself without asking the API server: the downward API's variables, its service account's
 * namespace, its host name, and the labels in the file that `INFEROMETER_PODINFO` names. Empty outside of Kubernetes.
 */
export function kubernetesAttributes(options: KubernetesOptions): Record<string, string> {
  const { env } = options;
  if (!env.KUBERNETES_SERVICE_HOST) return {};
  const attributes: Record<string, string> = {};
  for (const [attribute, names] of Object.entries(variables)) {
    const value = names.map((name) => env[name]?.trim()).find((text) => text);
    if (value) attributes[attribute] = value;
  }
  // A Pod's host name is its name, unless it has the host's network or a host name of its own.
  attributes['k8s.pod.name'] ??= options.hostname;
  const namespace = textOf(options.namespaceFile ?? namespaceFile);
  if (namespace) attributes['k8s.namespace.name'] ??= namespace;
  const labels = env.INFEROMETER_PODINFO?.trim();
  return labels ? { ...attributes, ...labelsOf(textOf(labels) ?? '') } : attributes;
}

/** The lines `key="value"` of a downward API volume, with the value as Go quotes it. */
function labelsOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, key, quoted] of text.matchAll(/^([^=\s]+)=(".*")$/gm)) {
    const value = unquoted(quoted);
    if (value !== undefined) attributes[`k8s.pod.label.${key}`] = value;
  }
  return attributes;
}

/** @returns undefined for the escapes of Go that JSON does not have; label values are plain anyway */
function unquoted(text: string | undefined): string | undefined {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
