import { homedir } from 'node:os';
import { join } from 'node:path';

export type PartName =
  | 'prometheus'
  | 'promtool'
  | 'otelcol'
  | 'helm'
  | 'helm3'
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'kubectl'
  | 'coredns'
  | 'pause'
  | 'prometheus-adapter'
  | 'buildkitd'
  | 'buildctl'
  | 'compose-config'
  | 'containerd'
  | 'buildah'
  | 'debootstrap'
  | 'debian-base'
  | 'redis-server'
  | 'postgres'
  | 'chromium'
  | 'python'
  | 'cc';

export interface PartRecipe {
  /**
   * Looked for in this order. A path is relative to the cache of `npm run parts`, a bare name is looked up on PATH; of
   * the files that a pattern fits the one of the highest version is taken.
   */
  readonly places: readonly string[];
  /** What getting it takes, for whoever misses it. */
  readonly takes: string;
}

const kubernetesPart = 'Go 1.26, a minute after kube-controller-manager';

/** The parts that tests use, where each is found and what getting it takes. */
export const partRecipes: Readonly<Record<PartName, PartRecipe>> = {
  prometheus: { places: ['bin/prometheus', 'prometheus'], takes: 'Go 1.26, 5 to 10 minutes' },
  promtool: { places: ['bin/promtool', 'promtool'], takes: 'Go 1.26, less than a minute after prometheus' },
  otelcol: { places: ['bin/otelcol'], takes: 'Go 1.26, 6 to 30 minutes' },
  helm: { places: ['bin/helm', 'helm'], takes: 'Go 1.26, 2 to 10 minutes' },
  helm3: { places: ['bin/helm3', 'helm3'], takes: 'Go 1.26, 2 to 10 minutes' },
  etcd: { places: ['bin/etcd', 'etcd'], takes: 'Go 1.26, up to 5 minutes' },
  'kube-apiserver': { places: ['bin/kube-apiserver', 'kube-apiserver'], takes: 'Go 1.26, up to 30 minutes' },
  'kube-controller-manager': { places: ['bin/kube-controller-manager'], takes: 'Go 1.26, up to 10 minutes' },
  'kube-scheduler': { places: ['bin/kube-scheduler'], takes: kubernetesPart },
  kubelet: { places: ['bin/kubelet'], takes: kubernetesPart },
  'kube-proxy': { places: ['bin/kube-proxy'], takes: kubernetesPart },
  kubectl: { places: ['bin/kubectl', 'kubectl'], takes: kubernetesPart },
  coredns: { places: ['bin/coredns'], takes: 'Go 1.26, 1 to 5 minutes' },
  pause: { places: ['bin/pause'], takes: 'Go 1.26, seconds' },
  'prometheus-adapter': { places: ['bin/prometheus-adapter'], takes: 'Go 1.26, 1 to 5 minutes' },
  buildkitd: { places: ['bin/buildkitd', 'buildkitd'], takes: 'Go 1.26, 2 to 20 minutes' },
  buildctl: { places: ['bin/buildctl', 'buildctl'], takes: 'Go 1.26, less than a minute after buildkitd' },
  'compose-config': { places: ['bin/compose-config'], takes: 'Go 1.26, less than a minute' },
  containerd: { places: ['containerd'], takes: 'root on Debian, seconds' },
  buildah: { places: ['buildah'], takes: 'root on Debian, seconds' },
  debootstrap: { places: ['debootstrap', '/usr/sbin/debootstrap'], takes: 'root on Debian, seconds' },
  'debian-base': { places: ['./debian-base.tar'], takes: 'root on Debian, a minute after debootstrap' },
  'redis-server': { places: ['redis-server'], takes: 'root on Debian, seconds' },
  postgres: {
    places: ['postgres', '/usr/lib/postgresql/*/bin/postgres'],
    takes: 'root on Debian, a minute',
  },
  chromium: { places: ['chromium', 'chromium-browser', 'google-chrome'], takes: 'root on Debian, a minute' },
  // Another Python would lack the packages that the test clients import.
  python: { places: ['venv-clients/bin/python'], takes: 'Python 3.10 or later, half a minute' },
  cc: { places: ['cc', 'gcc', 'clang'], takes: 'root on Debian, a minute' },
};

export const partNames: readonly PartName[] = Object.keys(partRecipes) as PartName[];

/** The folder that `npm run parts` fills. */
export function partsCache(): string {
  return process.env.INFEROMETER_TOOLS || join(homedir(), '.cache', 'inferometer-tools');
}
