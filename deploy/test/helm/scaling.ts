import { parse } from 'yaml';
import { find, render } from './chart.ts';

/** What autoscalers ask Prometheus about the Pods of a namespace: KEDA, then prometheus-adapter for each Pod. */
export async function saturation(namespace: string): Promise<[keda: string, adapter: string]> {
  const [trigger] = find(await render('keda', { namespace }), 'ScaledObject', 'inferometer').spec.triggers;
  const rules = find(await render('hpa', { namespace }), 'ConfigMap', 'inferometer-adapter-rules').data[
    'config.yaml'
  ];
  const [{ metricsQuery }] = parse(rules).rules;
  // As the adapter fills it in for a HorizontalPodAutoscaler.
  const adapter = metricsQuery
    .replaceAll('<<.LabelMatchers>>', `namespace="${namespace}",pod=~"inferometer.*"`)
    .replaceAll('<<.GroupBy>>', 'pod');
  return [trigger.metadata.query, adapter];
}
