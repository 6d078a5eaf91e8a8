import { fileURLToPath } from 'node:url';
import { helm } from '@inferometer/testkit';
import { parse, parseAllDocuments } from 'yaml';

const chart = (path = ''): string =>
  fileURLToPath(new URL(`../../../deploy/helm/inferometer/${path}`, import.meta.url));

/** A Pod as autoscalers know it. */
interface Pod {
  readonly namespace: string;
  readonly pod: string;
}

/** What the chart has KEDA ask, and prometheus-adapter for the HPA, with what they fill in for a Pod. */
export async function scalingQueries({ namespace, pod }: Pod): Promise<Record<'keda' | 'hpa', string>> {
  const scaledObject = await rendered('keda-values.yaml', namespace, 'ScaledObject', []);
  const [trigger] = scaledObject.spec.triggers;
  const rules = await rendered('hpa-values.yaml', namespace, 'ConfigMap', [
    '--set=autoscaling.prometheusAdapter.rules=true',
    '--show-only=templates/autoscaling/adapter-rules.yaml',
  ]);
  const [rule] = parse(rules.data['config.yaml']).rules;
  return {
    keda: trigger.metadata.query,
    hpa: rule.metricsQuery
      .replaceAll('<<.LabelMatchers>>', `namespace="${namespace}",pod=~"${pod}"`)
      .replaceAll('<<.GroupBy>>', 'pod'),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a manifest; a field that is not there fails the test
type Manifest = any;

async function rendered(
  values: string,
  namespace: string,
  kind: string,
  further: readonly string[],
): Promise<Manifest> {
  const args = [
    'template',
    'inferometer',
    chart(),
    `--namespace=${namespace}`,
    `--values=${chart(`ci/${values}`)}`,
  ];
  // No cluster is asked for its APIs.
  const { code, stdout, stderr } = await helm([...args, '--set=checkApis=false', ...further]);
  if (code !== 0) throw new Error(`helm template ended with ${code}: ${stderr}`);
  const found = parseAllDocuments(stdout)
    .map((document) => document.toJS() as Manifest)
    .find((manifest) => manifest?.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} in ${values}`);
  return found;
}
