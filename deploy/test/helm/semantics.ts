import { isScalar, parse, parseAllDocuments, visit } from 'yaml';
import { type KubernetesObject, type PodTemplate, podsOf, selects } from './chart.ts';

/** What is wrong with a set of objects that each by itself is valid; a line for each, empty if nothing is. */
export function problemsOf(objects: readonly KubernetesObject[], external: readonly string[]): string[] {
  const pods = podsOf(objects);
  return [
    ...objects.flatMap((object) => [
      ...configMapProblems(object),
      ...selectorProblems(object, pods),
      ...targetProblems(object, objects),
    ]),
    ...pods.flatMap((pod) => [...podProblems(pod), ...referenceProblems(pod, objects, external)]),
    ...monitorProblems(objects, pods),
    ...addressProblems(objects),
  ];
}

/** Less than the mebibyte that an object may have, bytes: what else is in it has to fit too. */
const mostBytes = 900_000;

function configMapProblems({ kind, metadata, data = {} }: KubernetesObject): string[] {
  if (kind !== 'ConfigMap') return [];
  const name = `ConfigMap/${metadata.name}`;
  const entries = Object.entries(data as Record<string, string>);
  const size = entries.reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0);
  return [
    ...(entries.length === 0 ? [`${name} is empty`] : []),
    ...(size > mostBytes ? [`${name} has ${size} bytes`] : []),
    ...entries.flatMap(([key, value]) => contentProblems(value, key).map((text) => `${name} ${key} ${text}`)),
  ];
}

function contentProblems(text: string, file: string): string[] {
  if (text.trim() === '') return ['is empty'];
  if (text.includes('<no value>')) return ['has a value that the template did not find'];
  try {
    if (file.endsWith('.json')) JSON.parse(text);
    if (/\.ya?ml$/.test(file)) {
      const content = parse(text, { merge: true });
      if (content === null || typeof content !== 'object' || Object.keys(content).length === 0)
        return ['says nothing'];
    }
  } catch (error) {
    return [`cannot be read: ${(error as Error).message}`];
  }
  return [];
}

/** Who looks for Pods finds some, and no Service finds Pods of different parts. */
function selectorProblems(object: KubernetesObject, pods: readonly PodTemplate[]): string[] {
  const { kind, spec } = object;
  const selector =
    kind === 'Service'
      ? spec.selector
      : kind === 'NetworkPolicy'
        ? spec.podSelector.matchLabels
        : spec?.selector?.matchLabels;
  if (!selector || kind === 'ServiceMonitor') return [];
  const name = `${kind}/${object.metadata.name}`;
  const found = pods.filter(({ labels }) => selects(selector, labels));
  if (found.length === 0) return [`${name} selects no Pod`];
  const others = found.filter(({ from }) => from !== found[0]?.from).map(({ from }) => from);
  return others.length > 0 ? [`${name} selects Pods of ${found[0]?.from} and ${others.join(', ')}`] : [];
}

/** Autoscalers name what is there; a Service's ports are ports of its Pods. */
function targetProblems(object: KubernetesObject, objects: readonly KubernetesObject[]): string[] {
  const { kind, metadata, spec } = object;
  const name = `${kind}/${metadata.name}`;
  if (kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject') {
    const { kind: target, name: targetName } = spec.scaleTargetRef;
    const scaled = objects.find((other) => other.kind === target && other.metadata.name === targetName);
    if (!scaled) return [`${name} scales ${target}/${targetName}, which is not there`];
    return scaled.spec.replicas === undefined
      ? []
      : [`${name} and ${target}/${targetName} both say how many Pods`];
  }
  if (kind !== 'Service') return [];
  const pods = podsOf(objects).filter(({ labels }) => selects(spec.selector, labels));
  return spec.ports.flatMap(({ targetPort }: { targetPort: string }) =>
    pods.every((pod) => portsOf(pod).has(targetPort))
      ? []
      : [`${name} targets port ${targetPort}, which its Pods lack`],
  );
}

/** Container ports by name. */
export function portsOf({ spec }: PodTemplate): Map<string, number> {
  const ports = spec.containers.flatMap((container: KubernetesObject) => container.ports ?? []);
  return new Map(ports.map(({ name, containerPort }: KubernetesObject) => [name, containerPort]));
}

function podProblems(pod: PodTemplate): string[] {
  const { from, spec } = pod;
  const problems: string[] = [];
  const check = (holds: unknown, text: string): void => {
    if (!holds) problems.push(`${from} ${text}`);
  };
  check(spec.enableServiceLinks === false, 'gets variables of Services, that may be taken for settings');
  check(spec.automountServiceAccountToken !== undefined, 'does not say whether it needs a token');
  check(spec.securityContext?.runAsNonRoot, 'may run as root');
  check(spec.securityContext?.runAsUser > 0, 'has no user');
  check(spec.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile');
  check(
    spec.serviceAccountName || spec.automountServiceAccountToken === false,
    'has a token of the default account',
  );
  const ports = portsOf(pod);
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    const { name, image, securityContext = {}, resources } = container;
    check(
      /(:[^:/]+|@sha256:[a-f0-9]{64})$/.test(image) && !image.endsWith(':latest'),
      `${name} has the image ${image}`,
    );
    check(securityContext.allowPrivilegeEscalation === false, `${name} may escalate privileges`);
    check(securityContext.capabilities?.drop?.includes('ALL'), `${name} has capabilities`);
    if (!spec.containers.includes(container)) continue;
    check(securityContext.readOnlyRootFilesystem, `${name} may write its root file system`);
    check(resources?.requests?.memory && resources?.requests?.cpu, `${name} has no requests`);
    check(resources?.limits?.memory, `${name} has no limit of memory`);
    if (spec.restartPolicy === 'Never') continue;
    for (const kind of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      const port = container[kind]?.httpGet?.port;
      check(port !== undefined, `${name} has no ${kind}`);
      check(ports.has(port), `${name}'s ${kind} asks port ${port}, which is not there`);
    }
  }
  return problems;
}

/** What a Pod names (ConfigMaps and their keys, Secrets, claims, volumes, accounts) is there, or is said to be. */
function referenceProblems(
  { from, object, spec }: PodTemplate,
  objects: readonly KubernetesObject[],
  external: readonly string[],
): string[] {
  const problems: string[] = [];
  const need = (kind: string, name: string, keys: readonly string[] = []): void => {
    if (external.includes(`${kind}/${name}`)) return;
    const found = objects.find((other) => other.kind === kind && other.metadata.name === name);
    if (!found) problems.push(`${from} names ${kind}/${name}, which is not there`);
    const missing = keys.filter((key) => found && !(key in (found.data ?? {})));
    if (missing.length > 0)
      problems.push(`${from} names ${missing.join(', ')} of ${kind}/${name}, which lacks it`);
  };
  const claims = (object.spec.volumeClaimTemplates ?? []).map(
    ({ metadata }: KubernetesObject) => metadata.name,
  );
  const volumes = new Set<string>(claims);
  const used = new Set<string>();
  for (const volume of spec.volumes ?? []) {
    volumes.add(volume.name);
    const sources = volume.projected?.sources ?? [volume];
    for (const { configMap, secret } of sources) {
      const keys = (configMap?.items ?? []).map(({ key }: { key: string }) => key);
      if (configMap) need('ConfigMap', configMap.name, keys);
      if (secret) need('Secret', secret.secretName ?? secret.name);
    }
    if (volume.persistentVolumeClaim) need('PersistentVolumeClaim', volume.persistentVolumeClaim.claimName);
  }
  if (spec.serviceAccountName) need('ServiceAccount', spec.serviceAccountName);
  for (const { name } of spec.imagePullSecrets ?? []) need('Secret', name);
  for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
    for (const { name, mountPath } of container.volumeMounts ?? []) {
      used.add(name);
      if (!volumes.has(name)) problems.push(`${from} mounts ${name} at ${mountPath}, which is no volume`);
    }
    for (const { valueFrom } of container.env ?? []) {
      const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
      if (secretKeyRef) need('Secret', secretKeyRef.name, [secretKeyRef.key]);
      if (configMapKeyRef) need('ConfigMap', configMapKeyRef.name, [configMapKeyRef.key]);
    }
    for (const { secretRef } of container.envFrom ?? []) {
      if (secretRef && !secretRef.optional) need('Secret', secretRef.name);
    }
    const names = (container.env ?? []).map(({ name }: { name: string }) => name);
    const twice = names.filter((name: string, index: number) => names.indexOf(name) !== index);
    if (twice.length > 0) problems.push(`${from} sets ${twice.join(', ')} twice`);
    problems.push(...fileProblems(from, container, spec.volumes ?? [], objects));
  }
  for (const volume of volumes)
    if (!used.has(volume)) problems.push(`${from} has the volume ${volume} for nothing`);
  return problems;
}

/** Files below /etc that arguments and variables name are keys of what is mounted there. */
function fileProblems(
  from: string,
  container: KubernetesObject,
  volumes: readonly KubernetesObject[],
  objects: readonly KubernetesObject[],
): string[] {
  const values = [
    ...(container.args ?? []),
    ...(container.env ?? []).map((one: KubernetesObject) => one.value),
  ];
  const paths = values.flatMap((text) => /(?:^|=)(\/(?:etc|test)\/\S+)$/.exec(text ?? '')?.[1] ?? []);
  return paths.flatMap((path: string) => {
    const mounts = (container.volumeMounts ?? []).filter(({ mountPath }: KubernetesObject) =>
      path.startsWith(`${mountPath}/`),
    );
    const [mount] = mounts;
    if ((container.volumeMounts ?? []).some(({ mountPath }: KubernetesObject) => mountPath === path))
      return [];
    const volume = volumes.find(({ name }) => name === mount?.name);
    const file = path.slice((mount?.mountPath ?? '').length + 1);
    const items = volume?.downwardAPI?.items?.map((item: KubernetesObject) => item.path);
    const map = objects.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume?.configMap?.name,
    );
    const files: string[] = items ?? Object.keys(map?.data ?? {});
    return files.includes(file) ? [] : [`${from} reads ${path}, which nothing puts there`];
  });
}

/** Monitors of prometheus-operator find Services, or Pods, with the ports that they name. */
function monitorProblems(objects: readonly KubernetesObject[], pods: readonly PodTemplate[]): string[] {
  return objects.flatMap(({ kind, metadata, spec }) => {
    const name = `${kind}/${metadata.name}`;
    const selector = spec?.selector?.matchLabels;
    if (kind === 'ServiceMonitor') {
      const services = objects.filter(
        (one) => one.kind === 'Service' && selects(selector, one.metadata.labels),
      );
      return spec.endpoints.flatMap(({ port }: { port: string }) => {
        const having = services.filter((one) =>
          one.spec.ports.some((other: { name: string }) => other.name === port),
        );
        // Two Services with the port would have each Pod scraped twice.
        return having.length === 1 ? [] : [`${name} finds port ${port} at ${having.length} Services`];
      });
    }
    if (kind !== 'PodMonitor') return [];
    const found = pods.filter(({ labels }) => selects(selector, labels));
    return spec.podMetricsEndpoints.flatMap(({ port }: { port: string }) =>
      found.length > 0 && found.every((pod) => portsOf(pod).has(port))
        ? []
        : [`${name} finds no port ${port}`],
    );
  });
}

/** Addresses of Services that values, files and variables name are those of Services with these ports. */
function addressProblems(objects: readonly KubernetesObject[]): string[] {
  const namespace = objects.find((object) => object.metadata.namespace)?.metadata.namespace ?? '';
  const services = new Map(
    objects.filter(({ kind }) => kind === 'Service').map(({ metadata, spec }) => [metadata.name, spec]),
  );
  const pattern = new RegExp(`([a-z0-9-]+)\\.${namespace}\\.svc(?::(\\d+))?`, 'g');
  return objects.flatMap((object) =>
    textsOf(object).flatMap((text) =>
      [...text.matchAll(pattern)].flatMap(([address, name = '', port]) => {
        const spec = services.get(name);
        const where = `${object.kind}/${object.metadata.name} names ${address}`;
        if (!spec) return [`${where}, which is no Service`];
        const ports: number[] = spec.ports.map((one: { port: number }) => one.port);
        return port === undefined || ports.includes(Number(port))
          ? []
          : [`${where}, which has ports ${ports}`];
      }),
    ),
  );
}

/** Every string in an object; of YAML within a string, the strings there, without comments. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') {
    if (!value.includes('\n')) return [value];
    const texts: string[] = [];
    for (const document of [...parseAllDocuments(value, { merge: true })]) {
      visit(document, (_key, node) => {
        if (isScalar(node) && typeof node.value === 'string') texts.push(node.value);
      });
    }
    return texts;
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsOf);
}
