import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, observations, quantile, select } from '../promql.ts';

/** Traffic, errors, latency, saturation. */
export function signals(): Section {
  return {
    title: 'Golden signals',
    panels: [
      timeseries({
        title: 'Traffic',
        description: 'Requests that ended, a second, by model.',
        unit: 'reqps',
        width: 6,
        stacked: true,
        queries: [{ expr: observations(['model'], NAME.requestDuration, chosenModel), legend: '{{model}}' }],
        more: 'requests',
      }),
      timeseries({
        title: 'Errors',
        description:
          'Requests that ended with an error, a second. 4xx: the request was wrong; 429: it was refused for overload; 499: the client went away; 5xx: the service failed.',
        unit: 'reqps',
        width: 6,
        noValue: 'No errors',
        queries: [
          {
            expr: observations(['status'], NAME.requestDuration, chosenModel, 'status=~"[45].."'),
            legend: '{{status}}',
          },
        ],
        more: 'requests',
      }),
      timeseries({
        title: 'Latency',
        description:
          'From a request to the end of its answer, over all chosen models. The dots are requests with a trace.',
        unit: 's',
        width: 6,
        exemplars: true,
        queries: [0.5, 0.95, 0.99].map((q) => ({
          expr: quantile(q, [], NAME.requestDuration, chosenModel),
          legend: `p${q * 100}`,
        })),
        more: 'requests',
      }),
      timeseries({
        title: 'Saturation',
        description:
          'How full the fullest queue is and how busy the busiest executor: at 100 % of a queue, requests are refused.',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          {
            expr: `max by (model) (${select(NAME.queueDepth, chosenModel)} / ${select(NAME.queueCapacity, chosenModel)})`,
            legend: 'queue {{model}}',
          },
          {
            expr: `max by (model) (${select(NAME.executorUtilization, chosenModel)})`,
            legend: 'executor {{model}}',
          },
        ],
        more: 'batching',
      }),
    ],
  };
}
