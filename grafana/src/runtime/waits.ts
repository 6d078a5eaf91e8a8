import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { aggregate, rate, selectNamed } from '../promql.ts';

/** What processes wait for. */
export function waits(): Section {
  const pressure = (resource: string, title: string, of: string) =>
    timeseries({
      title,
      description: `Share of the time in which processes wanted ${of} and did not get it (PSI): some: at least one waited; full: all did.`,
      unit: 'percentunit',
      width: 8,
      noValue: 'Not told by this kernel',
      queries: [
        {
          expr: rate(['scope', 'kind'], NAME.pressureStalled, `resource="${resource}"`),
          legend: '{{kind}} {{scope}}',
        },
      ],
    });
  /** Mean of what an instrumentation measures, which has classic buckets. */
  const meanOf = (names: string, label: string) => {
    const rateOf = (part: string) =>
      aggregate('sum', [label], `rate(${selectNamed(`${names}_${part}`)}[$__rate_interval])`);
    return `${rateOf('sum')}\n/\n(${rateOf('count')} > 0)`;
  };
  return {
    title: 'Waits',
    panels: [
      pressure('cpu', 'Waiting for CPU', 'a core'),
      pressure('memory', 'Waiting for memory', 'memory'),
      pressure('io', 'Waiting for disks', 'to read or write'),
      timeseries({
        title: 'Waiting for databases',
        description:
          'Mean time of an operation, by its kind, where the application uses a database that OpenTelemetry instruments.',
        unit: 's',
        width: 12,
        noValue: 'No database is used',
        queries: [
          { expr: meanOf(NAME.dbClientDuration, 'db_operation_name'), legend: '{{db_operation_name}}' },
        ],
      }),
      timeseries({
        title: 'Waiting for other services',
        description: 'Mean time of a request that the service makes, by the server it goes to.',
        unit: 's',
        width: 12,
        noValue: 'No other service is called',
        queries: [{ expr: meanOf(NAME.httpClientDuration, 'server_address'), legend: '{{server_address}}' }],
      }),
    ],
  };
}
