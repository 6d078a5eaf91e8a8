import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges that prom-client names like counters; each is the sum of the one beside it that has a label. */
const sums = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** prom-client's process metrics, in a registry of their own. */
export function createProcessMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of sums) registry.removeSingleMetric(name);
  return registry;
}
