import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { heatmap, timeseries } from '../panels.ts';
import { buckets, chosenModel, mean, quantile, rate, select } from '../promql.ts';

const depthAtArrival = NAME.queueDepthAtArrival;

/** How many inputs wait, and how near that is to refusing more. */
export function queues(): Section {
  const depth = select(NAME.queueDepth, chosenModel);
  const capacity = select(NAME.queueCapacity, chosenModel);
  const inQueue = 'phase="queue"';
  return {
    title: 'Queues',
    panels: [
      timeseries({
        title: 'Queue depth',
        description:
          'Inputs (for text generation: requests) that waited when Prometheus asked. Bursts between two samples do not show here, but in the depth at arrival.',
        unit: 'none',
        width: 6,
        queries: [{ expr: `sum by (model) (${depth})`, legend: '{{model}}' }],
      }),
      timeseries({
        title: 'Queue depth at arrival',
        description:
          'How many waited before a request when it came: the mean and p95 over requests. This is what requests meet, bursts included.',
        unit: 'none',
        width: 6,
        queries: [
          { expr: mean(['model'], depthAtArrival, chosenModel), legend: 'mean {{model}}' },
          { expr: quantile(0.95, ['model'], depthAtArrival, chosenModel), legend: 'p95 {{model}}' },
        ],
      }),
      timeseries({
        title: 'Queue saturation',
        description:
          'How full the fullest queue is: 100 % refuses requests with 429. Now, and as p95 of what requests met.',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          { expr: `max by (model) (${depth} / ${capacity})`, legend: 'now {{model}}' },
          {
            expr: `max by (model) (${quantile(0.95, ['job', 'instance', 'model'], depthAtArrival, chosenModel)} / max by (job, instance, model) (${capacity}))`,
            legend: 'p95 at arrival {{model}}',
          },
        ],
      }),
      timeseries({
        title: 'Refused for a full queue',
        description: 'Requests that were turned away because as many waited as may, a second.',
        unit: 'reqps',
        width: 6,
        noValue: 'None refused',
        queries: [
          {
            expr: rate(['model'], NAME.requestsRejected, chosenModel, 'reason="queue_full"'),
            legend: '{{model}}',
          },
        ],
      }),
      timeseries({
        title: 'Queue wait',
        description:
          'Time that requests waited for a batch to take them: the mean, p95 and p99 over requests. The dots are requests with a trace.',
        unit: 's',
        width: 12,
        exemplars: true,
        queries: [
          { expr: mean(['model'], NAME.phaseDuration, chosenModel, inQueue), legend: 'mean {{model}}' },
          ...[0.95, 0.99].map((q) => ({
            expr: quantile(q, ['model'], NAME.phaseDuration, chosenModel, inQueue),
            legend: `p${q * 100} {{model}}`,
          })),
        ],
      }),
      heatmap({
        title: 'Queue wait, all requests',
        description: 'How many requests waited for how long: the stronger the colour, the more.',
        unit: 's',
        width: 12,
        queries: [{ expr: buckets(NAME.phaseDuration, chosenModel, inQueue), legend: '{{le}}' }],
      }),
    ],
  };
}
