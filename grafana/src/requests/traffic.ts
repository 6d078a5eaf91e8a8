import { METRIC } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { heatmap, timeseries } from '../panels.ts';
import { chosenModel, quantile, rate, select } from '../promql.ts';

const requests = `${METRIC.requestDuration}_count`;

/** How many requests there are, what becomes of them and how long they take. */
export function traffic(): Section {
  return {
    title: 'Requests',
    panels: [
      timeseries({
        title: 'Request rate by model',
        description:
          'Requests that ended, a second. Model "none": refused before a model was chosen, for example for a body that is not JSON.',
        unit: 'reqps',
        width: 8,
        queries: [{ expr: rate(['model'], requests, chosenModel), legend: '{{model}}' }],
      }),
      timeseries({
        title: 'Errors by status',
        description:
          'Requests that ended with an error, a second. 4xx: the request was wrong; 429: the queue was full; 499: the client went away; 5xx: the service failed.',
        unit: 'reqps',
        width: 8,
        noValue: 'No errors',
        queries: [
          { expr: rate(['status'], requests, chosenModel, 'status=~"[45].."'), legend: '{{status}}' },
        ],
      }),
      timeseries({
        title: 'Requests in flight',
        description: 'Requests being worked on when Prometheus asked, of all models.',
        unit: 'none',
        width: 8,
        queries: [{ expr: `sum by (instance) (${select(METRIC.requestsInFlight)})`, legend: '{{instance}}' }],
      }),
      timeseries({
        title: 'Latency by model',
        description:
          'From a request to the end of its answer: half of the requests took no longer than p50, 95 % no longer than p95, 99 % no longer than p99. Interpolated within the buckets of the histogram.',
        unit: 's',
        width: 12,
        exemplars: true,
        queries: [0.5, 0.95, 0.99].map((q) => ({
          expr: quantile(q, ['model'], METRIC.requestDuration, chosenModel),
          legend: `p${q * 100} {{model}}`,
        })),
      }),
      heatmap({
        title: 'Latency, all requests',
        description:
          'How many requests took how long: the stronger the colour, the more. Two bands are two kinds of requests, which no quantile shows.',
        unit: 's',
        width: 12,
        queries: [
          {
            expr: `sum by (le) (increase(${select(`${METRIC.requestDuration}_bucket`, chosenModel)}[$__rate_interval]))`,
            legend: '{{le}}',
          },
        ],
      }),
    ],
  };
}
