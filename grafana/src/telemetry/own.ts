import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { mean, observations, rate, sum } from '../promql.ts';

/** What the service tells about its own telemetry. */
export function own(): Section {
  return {
    title: 'The service',
    panels: [
      timeseries({
        title: 'CPU of telemetry',
        description:
          'CPU seconds that telemetry takes in each second, by thread: main is where requests are served, worker exports and answers scrapes.',
        unit: 'percentunit',
        width: 8,
        stacked: true,
        queries: [{ expr: rate(['thread'], NAME.telemetryCost), legend: '{{thread}}' }],
      }),
      timeseries({
        title: 'CPU of telemetry per request',
        description: 'What telemetry takes of the main thread for each request.',
        unit: 's',
        width: 8,
        queries: [
          {
            expr: `${rate([], NAME.telemetryCost, 'thread="main"')}\n/\n(${observations([], NAME.requestDuration)} > 0)`,
            legend: 'main thread',
          },
        ],
      }),
      timeseries({
        title: 'Traces, by what was decided',
        description:
          'Traces that ended, a second: why they are exported (error, slow, exemplar, ratio), or that they are not.',
        unit: 'ops',
        width: 8,
        stacked: true,
        queries: [{ expr: rate(['decision'], NAME.traceDecisions), legend: '{{decision}}' }],
      }),
      timeseries({
        title: 'Spans exported',
        description:
          'Spans that the Collector took, a second. 0 where the service was not told to export any (OTEL_EXPORTER_OTLP_ENDPOINT).',
        unit: 'cps',
        width: 6,
        queries: [{ expr: rate(['instance'], NAME.spansExported), legend: '{{instance}}' }],
      }),
      timeseries({
        title: 'Spans dropped',
        description:
          'Spans lost, a second, and why: traces are incomplete then, metrics are not. export_failed: the Collector was away or refused them; queue_full, ring_full: they came faster than they could be sent; children_limit: a request had more than a trace may.',
        unit: 'cps',
        width: 6,
        queries: [{ expr: rate(['reason'], NAME.spansDropped), legend: '{{reason}}' }],
      }),
      timeseries({
        title: 'Spans waiting',
        description: 'Spans that wait to be exported. What grows without end will be dropped.',
        unit: 'none',
        width: 6,
        queries: [{ expr: sum(['instance'], NAME.spansPending), legend: '{{instance}}' }],
      }),
      timeseries({
        title: 'GPU readings',
        description: 'Mean time of a reading of all GPUs. It happens beside the requests, not in them.',
        unit: 's',
        width: 6,
        noValue: 'No GPU',
        queries: [{ expr: mean(['instance'], NAME.gpuPoll), legend: '{{instance}}' }],
      }),
    ],
  };
}
