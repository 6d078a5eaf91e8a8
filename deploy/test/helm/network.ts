import { type KubernetesObject, type PodTemplate, podsOf, selects } from './chart.ts';
import { portsOf } from './semantics.ts';

/** Somebody in the cluster. */
export interface Party {
  readonly namespace: string;
  /** Labels of that namespace. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether policies let a party connect to another one's TCP port, as a network that enforces them would. */
export function lets(policies: readonly KubernetesObject[], from: Party, to: Party, port: number): boolean {
  const passes = (party: Party, other: Party, direction: 'ingress' | 'egress'): boolean => {
    const those = policies.filter(
      ({ metadata, spec }) =>
        metadata.namespace === party.namespace &&
        selects(spec.podSelector.matchLabels ?? {}, party.labels) &&
        spec.policyTypes.includes(direction === 'ingress' ? 'Ingress' : 'Egress'),
    );
    if (those.length === 0) return true;
    const peersKey = direction === 'ingress' ? 'from' : 'to';
    return those.some(({ metadata, spec }) =>
      (spec[direction] ?? []).some(
        (rule: KubernetesObject) =>
          fitsPort(rule.ports, port) &&
          (!rule[peersKey] ||
            rule[peersKey].some((peer: Peer) => fits(peer, other, metadata.namespace ?? ''))),
      ),
    );
  };
  return passes(from, to, 'egress') && passes(to, from, 'ingress');
}

interface Peer {
  readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly namespaceSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
}

function fits({ podSelector, namespaceSelector }: Peer, party: Party, namespace: string): boolean {
  const isNear = namespaceSelector
    ? selects(namespaceSelector.matchLabels ?? {}, party.namespaceLabels)
    : party.namespace === namespace;
  return isNear && selects(podSelector?.matchLabels ?? {}, party.labels);
}

function fitsPort(ports: readonly { port: number; protocol?: string }[] | undefined, port: number): boolean {
  return !ports || ports.some((one) => Number(one.port) === port && (one.protocol ?? 'TCP') === 'TCP');
}

export interface Flow {
  readonly from: PodTemplate;
  readonly to: PodTemplate;
  readonly port: number;
}

/** Connections that Pods are told to make: to every Service that their variables and files name, and by scrapes. */
export function flowsOf(objects: readonly KubernetesObject[], namespace: string): Flow[] {
  const pods = podsOf(objects);
  const told = pods.flatMap((from) =>
    textsOf(from, objects).flatMap((text) =>
      [...text.matchAll(new RegExp(`([a-z0-9-]+)\\.${namespace}\\.svc(?::(\\d+))?`, 'g'))].flatMap(
        ([, name, port]): Flow[] => {
          const service = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name);
          return (service?.spec.ports ?? [])
            .filter((one: { port: number }) => port === undefined || one.port === Number(port))
            .flatMap(({ targetPort }: { targetPort: string }) =>
              pods
                .filter(({ labels }) => selects(service?.spec.selector, labels))
                .map((to) => ({ from, to, port: portsOf(to).get(targetPort) ?? 0 })),
            );
        },
      ),
    ),
  );
  const scraped = pods
    .filter(({ labels }) => labels['app.kubernetes.io/component'] === 'prometheus')
    .flatMap((from) =>
      pods.flatMap((to) => {
        const port = portsOf(to).get('metrics');
        return port === undefined ? [] : [{ from, to, port }];
      }),
    );
  return [...told, ...scraped];
}

function textsOf({ spec }: PodTemplate, objects: readonly KubernetesObject[]): string[] {
  const env = spec.containers.flatMap((container: KubernetesObject) => container.env ?? []);
  const maps = (spec.volumes ?? []).map((volume: KubernetesObject) => volume.configMap?.name);
  const files = objects
    .filter(({ kind, metadata }) => kind === 'ConfigMap' && maps.includes(metadata.name))
    .flatMap(({ data }) => Object.values(data as Record<string, string>));
  return [...env.map(({ value = '' }: { value?: string }) => value), ...files];
}
