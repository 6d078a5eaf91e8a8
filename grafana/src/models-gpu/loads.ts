import { LOAD_PHASES } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { bars, timeseries } from '../panels.ts';
import { chosenModel, rate, select, sum } from '../promql.ts';

/** How long models take to be there, and whether they stay. */
export function loads(): Section {
  // Since each process began: loads are too rare for a rate.
  const loaded = (part: 'sum' | 'count', ...matchers: readonly string[]) =>
    select(`${NAME.modelLoad}_${part}`, chosenModel, ...matchers);
  return {
    title: 'Cold starts',
    panels: [
      bars({
        title: 'Cold start, by phase',
        description: `From the start of the process until all models were warm, the slowest instance: ${LOAD_PHASES.join(', ')}.`,
        unit: 's',
        width: 8,
        queries: [
          { expr: `max by (phase) (${select(NAME.coldStart, 'phase!="total"')})`, legend: '{{phase}}' },
        ],
      }),
      bars({
        title: 'Time to load a model',
        description:
          'Mean time to start an executor and load its model, over all starts since each process began.',
        unit: 's',
        width: 8,
        queries: [
          {
            expr: `sum by (model) (last_over_time(${loaded('sum', 'phase="total"')}[$__rate_interval]))\n/\nsum by (model) (last_over_time(${loaded('count', 'phase="total"')}[$__rate_interval]))`,
            legend: '{{model}}',
          },
        ],
      }),
      timeseries({
        title: 'Executors',
        description: 'Processes or threads that run models, by what they are doing.',
        unit: 'none',
        width: 8,
        stacked: true,
        queries: [
          { expr: sum(['model', 'state'], NAME.executors, chosenModel), legend: '{{state}} {{model}}' },
        ],
      }),
      timeseries({
        title: 'Executors started again',
        description: 'Executors that had to be started again after a crash, a second.',
        unit: 'cps',
        width: 12,
        noValue: 'None',
        queries: [{ expr: rate(['model'], NAME.executorRestarts, chosenModel), legend: '{{model}}' }],
      }),
      timeseries({
        title: 'Caches',
        description:
          'Lookups a second, by what they came to: hit, stale (past its time, answered all the same), miss, coalesced (the same work was in progress), error, skipped (the breaker was open).',
        unit: 'ops',
        width: 12,
        stacked: true,
        queries: [{ expr: rate(['cache', 'result'], NAME.cacheRequests), legend: '{{result}} {{cache}}' }],
      }),
    ],
  };
}
