import { METRIC } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { rate } from '../promql.ts';

/** What became of the spans: traces have holes where some were dropped. */
export function telemetry(): Section {
  return {
    title: 'Telemetry',
    panels: [
      timeseries({
        title: 'Spans exported',
        description:
          'Spans that the Collector took, a second, of all models. 0 where the service was not told to export any (OTEL_EXPORTER_OTLP_ENDPOINT).',
        unit: 'suffix: spans/s',
        width: 12,
        queries: [{ expr: rate(['instance'], METRIC.spansExported), legend: '{{instance}}' }],
      }),
      timeseries({
        title: 'Spans dropped',
        description:
          'Spans lost, a second, and why: traces are incomplete then, metrics are not. export_failed: the Collector was away or refused them; queue_full: they came faster than they could be sent.',
        unit: 'suffix: spans/s',
        width: 12,
        queries: [
          { expr: rate(['instance', 'reason'], METRIC.spansDropped), legend: '{{reason}} {{instance}}' },
        ],
      }),
    ],
  };
}
