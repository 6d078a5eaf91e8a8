import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { select } from '../promql.ts';

/** How Prometheus gets its samples. */
export function scrapes(): Section {
  return {
    title: 'Scrapes',
    panels: [
      timeseries({
        title: 'Targets that answer',
        description: 'Share of the targets of each job that answered the last scrape.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        queries: [{ expr: `avg by (job) (${select(NAME.up)})`, legend: '{{job}}' }],
      }),
      timeseries({
        title: 'Scrape duration',
        description: 'How long a scrape took: near the timeout, samples will be missing.',
        unit: 's',
        width: 8,
        queries: [{ expr: `max by (job) (${select(NAME.scrapeDuration)})`, legend: '{{job}}' }],
      }),
      timeseries({
        title: 'Samples in a scrape',
        description:
          'Samples of the largest target of each job: what grows without end are labels with too many values.',
        unit: 'none',
        width: 8,
        queries: [{ expr: `max by (job) (${select(NAME.scrapeSamples)})`, legend: '{{job}}' }],
      }),
    ],
  };
}
