import { METRIC } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { stat } from '../panels.ts';
import { chosenModel, quantile, rate, ratio, select } from '../promql.ts';

/** Whether what is shown can be believed, and how it is at this moment. */
export function now(): Section {
  const lastScrape = `timestamp(${select(METRIC.buildInfo)})`;
  const failed = rate([], `${METRIC.requestDuration}_count`, chosenModel, 'status=~"429|5.."');
  const all = rate([], `${METRIC.requestDuration}_count`, chosenModel);
  return {
    title: 'Now',
    panels: [
      stat({
        title: 'Last scrape',
        description:
          'Time since Prometheus last had an answer of each instance. Seconds are normal; when it grows, everything else here is old. An instance is forgotten an hour after its last answer.',
        unit: 's',
        width: 6,
        queries: [
          {
            // The left side is exact and ends with the instance; the right one goes on, in steps of 15 s.
            expr: `time() - max by (job, instance) (${lastScrape} or max_over_time(${lastScrape}[1h:15s]))`,
            legend: '{{instance}}',
          },
        ],
        thresholds: [{ color: 'green' }, { from: 60, color: 'orange' }, { from: 300, color: 'red' }],
        named: true,
      }),
      stat({
        title: 'Instances by version',
        description: 'Instances that answer Prometheus, by the version they run.',
        unit: 'none',
        width: 6,
        queries: [{ expr: `count by (version) (${select(METRIC.buildInfo)})`, legend: '{{version}}' }],
        thresholds: [{ color: 'blue' }],
        named: true,
      }),
      stat({
        title: 'Requests per second',
        description: 'Requests that ended, with any status.',
        unit: 'reqps',
        width: 4,
        queries: [{ expr: all, legend: 'requests' }],
        thresholds: [{ color: 'blue' }],
      }),
      stat({
        title: 'Failed by the service',
        description:
          'Share of requests that ended with 5xx or were refused with 429. Mistakes of clients (other 4xx) do not count.',
        unit: 'percentunit',
        width: 4,
        noValue: 'No requests',
        // A status that never occurred has no series: the share is 0 then, not unknown.
        queries: [{ expr: ratio(`(${failed} or vector(0))`, all), legend: 'failed' }],
        thresholds: [{ color: 'green' }, { from: 0.001, color: 'orange' }, { from: 0.01, color: 'red' }],
      }),
      stat({
        title: 'p95 latency',
        description:
          '95 % of requests took no longer than this, from the request to the end of the answer, over all chosen models.',
        unit: 's',
        width: 4,
        noValue: 'No requests',
        queries: [{ expr: quantile(0.95, [], METRIC.requestDuration, chosenModel), legend: 'p95' }],
        thresholds: [{ color: 'blue' }],
      }),
    ],
  };
}
