import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { stat } from '../panels.ts';
import { chosenModel, observations, quantile, ratio, select } from '../promql.ts';

/** Whether what is shown can be believed, and how it is at this moment. */
export function now(): Section {
  const lastSample = `timestamp(${select(NAME.requestsInFlight)})`;
  const failed = observations([], NAME.requestDuration, chosenModel, 'status=~"429|5.."');
  const all = observations([], NAME.requestDuration, chosenModel);
  return {
    title: 'Now',
    panels: [
      stat({
        title: 'Last sample',
        description:
          'Age of the newest sample of each instance. Seconds are normal (with OTLP: the interval of its pushes); when it grows, everything else here is old. An instance is forgotten an hour after its last sample.',
        unit: 's',
        width: 5,
        queries: [
          {
            // The left side is exact and ends with the instance; the right one goes on, in steps of 15 s.
            expr: `time() - max by (job, instance) (${lastSample} or max_over_time(${lastSample}[1h:15s]))`,
            legend: '{{instance}}',
          },
        ],
        thresholds: [{ color: 'green' }, { from: 60, color: 'orange' }, { from: 300, color: 'red' }],
        named: true,
        more: 'telemetry',
      }),
      stat({
        title: 'Instances by version',
        description: 'Instances that Prometheus hears of, by the version they run.',
        unit: 'none',
        width: 5,
        queries: [{ expr: `count by (version) (${select(NAME.buildInfo)})`, legend: '{{version}}' }],
        thresholds: [{ color: 'blue' }],
        named: true,
        more: 'compare',
      }),
      stat({
        title: 'Requests per second',
        description: 'Requests that ended, with any status.',
        unit: 'reqps',
        width: 4,
        queries: [{ expr: all, legend: 'requests' }],
        thresholds: [{ color: 'blue' }],
        more: 'requests',
      }),
      stat({
        title: 'Failed by the service',
        description:
          'Share of requests that ended with 5xx or were refused with 429. Mistakes of clients (other 4xx) are not failures.',
        unit: 'percentunit',
        width: 5,
        noValue: 'No requests',
        // A status that never occurred has no series: the share is 0 then, not unknown.
        queries: [{ expr: ratio(`(${failed} or vector(0))`, all), legend: 'failed' }],
        thresholds: [{ color: 'green' }, { from: 0.001, color: 'orange' }, { from: 0.01, color: 'red' }],
        more: 'requests',
      }),
      stat({
        title: 'p95 latency',
        description:
          '95 % of requests took no longer than this, from the request to the end of the answer, over all chosen models.',
        unit: 's',
        width: 5,
        noValue: 'No requests',
        queries: [{ expr: quantile(0.95, [], NAME.requestDuration, chosenModel), legend: 'p95' }],
        thresholds: [{ color: 'blue' }],
        more: 'requests',
      }),
    ],
  };
}
