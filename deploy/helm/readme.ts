/**
 * Writes the chart's README.md: text, and a line for each value of values.yaml with its comment (`# -- …`) and default.
 * `node deploy/helm/readme.ts`; a test fails where the file is not what this would write.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';

const chart = new URL('inferometer/', import.meta.url);

/** One value as the table has it. */
interface Row {
  readonly path: string;
  readonly fallback: unknown;
  readonly text: string;
}

/** Maps that are one value: their keys are Kubernetes'. */
const whole = new Set(['resources', 'podSecurityContext', 'securityContext', 'labels', 'instanceSelector']);

/** What keys mean that all parts have, where the file does not say more. */
const common: Readonly<Record<string, string>> = {
  enabled: 'Whether this part is installed',
  repository: 'Image',
  tag: 'Its tag',
  digest: 'Its digest, sha256:…; wins over the tag',
  pullPolicy: 'When the image is pulled',
  resources: 'Requests and limits',
  annotations: 'Annotations',
  podAnnotations: 'Annotations of Pods',
  podLabels: 'Labels of Pods',
  nodeSelector: 'Labels of nodes that Pods run on',
  tolerations: 'Taints that Pods tolerate',
  affinity: 'Affinity of Pods',
  priorityClassName: 'Priority class of Pods',
  podSecurityContext: 'User and groups of Pods; restricted as it is',
  securityContext: 'What containers may do; restricted as it is',
  storageClassName: 'Class; empty for the cluster’s default',
  size: 'Size of the volume',
  extraVolumes: 'More volumes',
  extraVolumeMounts: 'More mounts',
  extraEnv: 'More environment variables',
  terminationGracePeriodSeconds: 'Seconds until a stopping Pod is killed',
  memoryLimitMiB: 'MiB from which data is refused, below the limit of memory',
  create: 'Whether a service account is made',
};

/** Comments of keys by path: the lines before a key, from the one that starts with `# --`. */
function commentsOf(yaml: string): Map<string, string> {
  const comments = new Map<string, string>();
  const path: { indent: number; key: string }[] = [];
  let comment: string[] = [];
  for (const line of yaml.split('\n')) {
    const [, said] = /^\s*# ?(.*)$/.exec(line) ?? [];
    if (said !== undefined) {
      if (said.startsWith('-- ')) comment = [said.slice(3)];
      else if (comment.length > 0) comment.push(said);
      continue;
    }
    const [, spaces = '', key] = /^( *)([A-Za-z_]+):/.exec(line) ?? [];
    if (key !== undefined) {
      while ((path.at(-1)?.indent ?? -1) >= spaces.length) path.pop();
      path.push({ indent: spaces.length, key });
      if (comment.length > 0) comments.set(path.map((step) => step.key).join('.'), comment.join(' '));
    }
    comment = [];
  }
  return comments;
}

/** @throws {Error} for a value that nothing is said about */
function* rowsOf(values: object, comments: ReadonlyMap<string, string>, above = ''): Generator<Row> {
  for (const [key, value] of Object.entries(values)) {
    const path = above + key;
    const isMap = value !== null && typeof value === 'object' && !Array.isArray(value);
    if (isMap && Object.keys(value).length > 0 && !whole.has(key)) yield* rowsOf(value, comments, `${path}.`);
    else {
      const text = comments.get(path) ?? common[key];
      if (text === undefined) throw new Error(`values.yaml says nothing about ${path}`);
      yield { path, fallback: value, text };
    }
  }
}

/** The table's lines. */
function table(yaml: string): string {
  const rows = [...rowsOf(parse(yaml), commentsOf(yaml))];
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return rows
    .map(
      ({ path, fallback, text }) => `| \`${path}\` | ${cell(text)} | \`${cell(JSON.stringify(fallback))}\` |`,
    )
    .join('\n');
}

/** All of README.md. */
export async function chartReadme(): Promise<string> {
  const yaml = await readFile(new URL('values.yaml', chart), 'utf8');
  const { version, description, kubeVersion } = parse(await readFile(new URL('Chart.yaml', chart), 'utf8'));
  return `<!-- Written by deploy/helm/readme.ts from values.yaml: change those. -->

# Chart inferometer ${version}

${description}

    helm install inferometer deploy/helm/inferometer
    helm test inferometer

Helm 4 or 3, Kubernetes ${kubeVersion.replace('-0', '')}. What it installs, how to fit it to a cluster and how it behaves:
[docs/kubernetes.md](../../../docs/kubernetes.md). Layouts that are tested are in [ci](ci).

## Values

| value | what | default |
| --- | --- | --- |
${table(yaml)}
`;
}

if (import.meta.main) await writeFile(new URL('README.md', chart), await chartReadme());
