import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { rate, select, sum } from '../promql.ts';

const none = { noValue: 'No Collector is scraped' } as const;

/** What the Collector tells about itself. */
export function collector(): Section {
  return {
    title: 'The Collector',
    panels: [
      timeseries({
        title: 'Spans through the Collector',
        description:
          'Spans that it took and spans that it sent on, a second. With tail sampling it sends fewer than it takes.',
        unit: 'cps',
        width: 8,
        ...none,
        queries: [
          { expr: rate([], NAME.collectorAccepted), legend: 'taken' },
          { expr: rate([], NAME.collectorSent), legend: 'sent' },
        ],
      }),
      timeseries({
        title: 'Collector queue',
        description: 'How full the queue of each exporter is: at 100 % it drops.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        ...none,
        queries: [
          {
            expr: `max by (instance, exporter) (${select(NAME.collectorQueue)} / ${select(NAME.collectorQueueCapacity)})`,
            legend: '{{exporter}} {{instance}}',
          },
        ],
      }),
      timeseries({
        title: 'Collector memory',
        description: 'Memory that is in RAM. Near its memory_limiter it refuses what comes.',
        unit: 'bytes',
        width: 8,
        ...none,
        queries: [{ expr: sum(['instance'], NAME.collectorMemory), legend: '{{instance}}' }],
      }),
      timeseries({
        title: 'Refused and failed spans',
        description:
          'Spans that the Collector refused (its memory was short; the sender tries again) and that it could not send on, a second.',
        unit: 'cps',
        width: 8,
        noValue: 'None',
        queries: [
          { expr: rate(['receiver'], NAME.collectorRefused), legend: 'refused {{receiver}}' },
          { expr: rate(['exporter'], NAME.collectorFailed), legend: 'failed {{exporter}}' },
        ],
      }),
    ],
  };
}
