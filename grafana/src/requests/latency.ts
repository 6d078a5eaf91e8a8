import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { heatmap, timeseries } from '../panels.ts';
import { buckets, chosenModel, observations, quantile, sum } from '../promql.ts';

/** How many requests there are and how long they take. */
export function latency(): Section {
  return {
    title: 'Rate and latency',
    panels: [
      timeseries({
        title: 'Request rate by model',
        description:
          'Requests that ended, a second. Model "none": refused before a model was chosen, for example for a body that is not JSON.',
        unit: 'reqps',
        width: 12,
        queries: [{ expr: observations(['model'], NAME.requestDuration, chosenModel), legend: '{{model}}' }],
      }),
      timeseries({
        title: 'Requests in flight',
        description: 'Requests being worked on when Prometheus asked, of all models.',
        unit: 'none',
        width: 12,
        queries: [{ expr: sum(['instance'], NAME.requestsInFlight), legend: '{{instance}}' }],
      }),
      timeseries({
        title: 'Latency by model',
        description:
          'From a request to the end of its answer: half of the requests took no longer than p50, 95 % no longer than p95, 99 % no longer than p99. Interpolated within the buckets of the histogram. The dots are requests with a trace.',
        unit: 's',
        width: 12,
        exemplars: true,
        queries: [0.5, 0.95, 0.99].map((q) => ({
          expr: quantile(q, ['model'], NAME.requestDuration, chosenModel),
          legend: `p${q * 100} {{model}}`,
        })),
      }),
      heatmap({
        title: 'Latency, all requests',
        description:
          'How many requests took how long: the stronger the colour, the more. Two bands are two kinds of requests, which no quantile shows. The dots are requests with a trace.',
        unit: 's',
        width: 12,
        queries: [{ expr: buckets(NAME.requestDuration, chosenModel), legend: '{{le}}' }],
      }),
      timeseries({
        title: 'p95 of each phase',
        description:
          'Of the requests that were in a phase, 95 % spent no longer in it. These do not add up to the p95 of the whole: it is rarely one request that is slow everywhere.',
        unit: 's',
        width: 12,
        exemplars: true,
        queries: [{ expr: quantile(0.95, ['phase'], NAME.phaseDuration, chosenModel), legend: '{{phase}}' }],
      }),
      heatmap({
        title: 'Model runs of requests',
        description:
          'How long requests spent in their model run ("run" phase): the stronger the colour, the more. The dots are requests with a trace.',
        unit: 's',
        width: 12,
        queries: [{ expr: buckets(NAME.phaseDuration, chosenModel, 'phase="run"'), legend: '{{le}}' }],
      }),
    ],
  };
}
