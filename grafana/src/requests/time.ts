import { METRIC, PHASES } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, mean, quantile, rate, ratio } from '../promql.ts';

const wholeRequest = 'whole request';

/** Which phase the time of a request goes into. */
export function time(): Section {
  const requests = rate([], `${METRIC.requestDuration}_count`, chosenModel);
  return {
    title: 'Where the time goes',
    panels: [
      timeseries({
        title: 'Mean time of a request, by phase',
        description:
          'Seconds that the mean request spent in each phase. The phases lie one after the other and leave no gap: the pile reaches the dashed line, the mean of the whole request. "unattributed" is time that no phase claims.',
        unit: 's',
        width: 12,
        stacked: true,
        across: wholeRequest,
        queries: [
          // A query for each, so that the pile is in the order of a request's life. Divided by all requests, not by
          // those that were in the phase: only so do the means add up.
          ...PHASES.map((phase) => ({
            expr: ratio(rate([], `${METRIC.phaseDuration}_sum`, chosenModel, `phase="${phase}"`), requests),
            legend: phase,
          })),
          { expr: mean([], METRIC.requestDuration, chosenModel), legend: wholeRequest },
        ],
      }),
      timeseries({
        title: 'p95 of each phase',
        description:
          'Of the requests that were in a phase, 95 % spent no longer in it. These do not add up to the p95 of the whole: it is rarely one request that is slow everywhere.',
        unit: 's',
        width: 12,
        exemplars: true,
        queries: [
          { expr: quantile(0.95, ['phase'], METRIC.phaseDuration, chosenModel), legend: '{{phase}}' },
        ],
      }),
    ],
  };
}
