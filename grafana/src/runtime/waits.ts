import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { rate } from '../promql.ts';

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
  return {
    title: 'Waits',
    panels: [
      pressure('cpu', 'Waiting for CPU', 'a core'),
      pressure('memory', 'Waiting for memory', 'memory'),
      pressure('io', 'Waiting for disks', 'to read or write'),
    ],
  };
}
