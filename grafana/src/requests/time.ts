import { PHASES } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, mean, observations, observed, quantile, ratio } from '../promql.ts';

const wholeRequest = 'whole request';

/** Which phase the time of a request goes into. */
export function time(): Section {
  const requests = observations([], NAME.requestDuration, chosenModel);
  return {
    title: 'Where the time goes',
    panels: [
      timeseries({
        title: 'Mean time of a request, by phase',
        description:
          'Seconds that the mean request spent in each phase. The phases lie one after the other and leave no gap: the pile reaches the dashed line, the mean of the whole request. "unattributed" is time that no phase claims.',
        unit: 's',
        width: 24,
        stacked: true,
        across: wholeRequest,
        queries: [
          // A query for each, so that the pile is in the order of a request's life. Divided by all requests, not by
          // those that were in the phase: only so do the means add up.
          ...PHASES.map((phase) => ({
            expr: ratio(observed([], NAME.phaseDuration, chosenModel, `phase="${phase}"`), requests),
            legend: phase,
          })),
          { expr: mean([], NAME.requestDuration, chosenModel), legend: wholeRequest },
        ],
      }),
      ...[0.5, 0.95, 0.99].map(quantileByPhase),
    ],
  };
}

/**
 * The quantile of the whole request, split up by phase. Quantiles do not add up, and which phases made the requests at
 * a quantile slow is not in any histogram: so the split is by each phase's own quantile, weighted by how many requests
 * were in it. Its sum is exact, its parts are an estimate.
 */
function quantileByPhase(q: number) {
  const name = `p${q * 100}`;
  const whole = quantile(q, [], NAME.requestDuration, chosenModel);
  const weight = `(${quantile(q, ['phase'], NAME.phaseDuration, chosenModel)}\n* ${observations(['phase'], NAME.phaseDuration, chosenModel)})`;
  return timeseries({
    title: `${name} of a request, by phase`,
    description: `The pile reaches ${name} of the whole request, which is measured; how it is split up is an estimate: in the ratio of each phase's own ${name}, weighted by how many requests were in the phase. (Quantiles of phases do not add up: it is rarely one request that is slow everywhere.) For the truth about single slow requests follow the dots to their traces.`,
    unit: 's',
    width: 8,
    stacked: true,
    across: wholeRequest,
    exemplars: true,
    queries: [
      {
        expr: `${weight}\n/ on () group_left () (sum(${weight}) > 0)\n* on () group_left ()\n${whole}`,
        legend: '{{phase}}',
      },
      { expr: whole, legend: wholeRequest },
    ],
  });
}
