import { parse } from 'yaml';
import { find, render } from './chart.ts';

/** Pods as autoscalers know them. */
export interface ScaledPods {
  readonly namespace: string;
  /** Regular expression of their names. */
  readonly pod: string;
}

/** What the chart has KEDA ask Prometheus, and prometheus-adapter for the HPA, filled in as the adapter does. */
export async function saturation({ namespace, pod }: ScaledPods): Promise<Record<'keda' | 'hpa', string>> {
  const [trigger] = find(await render('keda', { namespace }), 'ScaledObject', 'inferometer').spec.triggers;
  const rules = find(await render('hpa', { namespace }), 'ConfigMap', 'inferometer-adapter-rules').data[
    'config.yaml'
  ];
  const [{ metricsQuery }] = parse(rules).rules;
  const hpa = metricsQuery
    .replaceAll('<<.LabelMatchers>>', `namespace="${namespace}",pod=~"${pod}"`)
    .replaceAll('<<.GroupBy>>', 'pod');
  return { keda: trigger.metadata.query, hpa };
}
