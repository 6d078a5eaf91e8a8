import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { helm, type RunResult } from '@inferometer/testkit';
import { parseAllDocuments } from 'yaml';

/** Folder of the chart. */
export const chartDir: string = fileURLToPath(new URL('../../helm/inferometer', import.meta.url));

/** Layouts that are tested: the names of ci/NAME-values.yaml. */
export const layouts: readonly string[] = readdirSync(`${chartDir}/ci`).map((file) =>
  file.replace('-values.yaml', ''),
);

/** The file of a layout's values. */
export function valuesFile(layout: string): string {
  return `${chartDir}/ci/${layout}-values.yaml`;
}

/** What clusters have that the chart can make use of. */
const apis = [
  'monitoring.coreos.com/v1/ServiceMonitor',
  'monitoring.coreos.com/v1/PodMonitor',
  'monitoring.coreos.com/v1/PrometheusRule',
  'keda.sh/v1alpha1/ScaledObject',
  'grafana.integreatly.org/v1beta1/GrafanaDashboard',
  'custom.metrics.k8s.io/v1beta1',
].flatMap((api) => ['--api-versions', api]);

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: objects of many kinds, read as deep as each test needs.
  readonly [field: string]: any;
}

export interface RenderOptions {
  /** Namespace of the release. @default inference */
  readonly namespace?: string;
  readonly release?: string;
  readonly args?: readonly string[];
  /** Which Helm. @default helm */
  readonly part?: 'helm' | 'helm3';
}

/** Runs `helm template` with flags of its own. */
export function template(args: readonly string[], options: RenderOptions = {}): Promise<RunResult> {
  const { namespace = 'inference', release = 'inferometer', part = 'helm' } = options;
  return helm(['template', release, chartDir, '--namespace', namespace, ...args], { part });
}

/** What has been rendered already: the same arguments give the same text. */
const rendered = new Map<string, Promise<RunResult>>();

/** The objects of a layout, hooks included, in a cluster that has all APIs. @throws {Error} with what Helm says */
export async function render(layout: string, options: RenderOptions = {}): Promise<KubernetesObject[]> {
  const args = ['--values', valuesFile(layout), ...apis, ...(options.args ?? [])];
  const key = JSON.stringify([args, options]);
  const result = rendered.get(key) ?? template(args, options);
  rendered.set(key, result);
  const { code, stdout, stderr } = await result;
  if (code !== 0) throw new Error(`helm template of ${layout}: ${complaints(stderr)}`);
  return objectsIn(stdout);
}

/** The objects of a stream of YAML documents. */
export function objectsIn(text: string): KubernetesObject[] {
  const documents = parseAllDocuments(text);
  return [...documents].flatMap((document) => {
    if (document.errors.length > 0) throw new Error(String(document.errors[0]));
    const object = document.toJS() as KubernetesObject | null;
    return object ? [object] : [];
  });
}

/** What Helm says on standard error, but for its notice of each linked folder. */
export function complaints(stderr: string): string {
  const lines = stderr
    .split('\n')
    .filter((line) => line !== '' && !line.includes('found symbolic link in path'));
  return lines.join('\n');
}

/** A Pod as a template of some object has it. */
export interface PodTemplate {
  /** `Deployment/inferometer` */
  readonly from: string;
  readonly object: KubernetesObject;
  readonly labels: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a Pod's spec, read as deep as each test needs.
  readonly spec: any;
}

/** Every Pod that comes of these objects. */
export function podsOf(objects: readonly KubernetesObject[]): PodTemplate[] {
  return objects.flatMap((object) => {
    const from = `${object.kind}/${object.metadata.name}`;
    if (object.kind === 'Pod')
      return [{ from, object, labels: object.metadata.labels ?? {}, spec: object.spec }];
    const template = object.spec?.template;
    if (!template?.spec?.containers) return [];
    return [{ from, object, labels: template.metadata.labels, spec: template.spec }];
  });
}

/** Whether labels have all that a selector asks for. */
export function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** The one object of a kind and name. @throws {Error} that lists what is there */
export function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found) return found;
  const names = objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  throw new Error(`no ${kind} ${name}, there are: ${names.join(', ')}`);
}
