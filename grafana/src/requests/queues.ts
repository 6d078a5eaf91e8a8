import { METRIC } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, mean, quantile, rate, select } from '../promql.ts';

const depthAtArrival = METRIC.queueDepthAtArrival;

/** How many inputs wait, and how near that is to refusing more. */
export function queues(): Section {
  const depth = select(METRIC.queueDepth, chosenModel);
  const capacity = select(METRIC.queueCapacity, chosenModel);
  return {
    title: 'Queues',
    panels: [
      timeseries({
        title: 'Queue depth',
        description:
          'Inputs (for text generation: requests) that waited when Prometheus asked. Bursts between two scrapes do not show here, but in the depth at arrival.',
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
        title: 'Capacity saturation',
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
        title: 'Refused requests',
        description:
          'Requests that the service turned away, a second. overloaded: the queue was full (429); unavailable: models were loading or an executor had crashed (503).',
        unit: 'reqps',
        width: 6,
        noValue: 'None refused',
        queries: [
          {
            expr: rate(['model', 'reason'], METRIC.requestsRejected, chosenModel),
            legend: '{{reason}} {{model}}',
          },
        ],
      }),
    ],
  };
}
