import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { bars, stat } from '../panels.ts';
import { chosenModel } from '../promql.ts';
import { meanOf, observationsOf, observedOf, quantileOf, type Side } from './promql.ts';

const model = chosenModel;

/** What changed from A to B, in one number each. */
export function change(): Section {
  const relative = (of: (side: Side) => string) => `${of('B')}\n/\n(${of('A')} > 0)\n- 1`;
  const failed = (side: Side) =>
    `((${observationsOf(side, [], NAME.requestDuration, model, 'status=~"429|5.."')} or vector(0))\n/\n(${observationsOf(side, [], NAME.requestDuration, model)} > 0))`;
  const phase = (side: Side) =>
    `(${observedOf(side, ['phase'], NAME.phaseDuration, model)}\n/ on () group_left ()\n(${observationsOf(side, [], NAME.requestDuration, model)} > 0))`;
  const faster = [{ color: 'green' }, { from: 0.05, color: 'orange' }, { from: 0.2, color: 'red' }];
  return {
    title: 'From A to B',
    panels: [
      stat({
        title: 'Requests per second',
        description: 'By how much B serves more or fewer requests than A, relative to A.',
        unit: 'percentunit',
        width: 5,
        min: null,
        noValue: 'No requests',
        queries: [
          {
            expr: relative((side) => observationsOf(side, [], NAME.requestDuration, model)),
            legend: 'change',
          },
        ],
        thresholds: [{ color: 'blue' }],
      }),
      stat({
        title: 'Mean latency',
        description:
          'By how much the mean request of B takes longer than that of A, relative to A; below 0 it is faster.',
        unit: 'percentunit',
        width: 5,
        min: null,
        noValue: 'No requests',
        queries: [
          { expr: relative((side) => meanOf(side, [], NAME.requestDuration, model)), legend: 'change' },
        ],
        thresholds: faster,
      }),
      stat({
        title: 'p95 latency',
        description: 'By how much p95 of B is longer than that of A, relative to A; below 0 it is faster.',
        unit: 'percentunit',
        width: 5,
        min: null,
        noValue: 'No requests',
        queries: [
          {
            expr: relative((side) => quantileOf(side, 0.95, [], NAME.requestDuration, model)),
            legend: 'change',
          },
        ],
        thresholds: faster,
      }),
      stat({
        title: 'Failed requests',
        description:
          'By how much the share of requests that the service failed is higher in B than in A: the difference of the shares.',
        unit: 'percentunit',
        width: 4,
        min: null,
        noValue: 'No requests',
        queries: [{ expr: `${failed('B')}\n- ${failed('A')}`, legend: 'difference' }],
        thresholds: [{ color: 'green' }, { from: 0.001, color: 'orange' }, { from: 0.01, color: 'red' }],
      }),
      bars({
        title: 'Time by phase',
        description:
          'Which phase got slower: seconds of the mean request in each phase, in B more than in A. Below 0 it got faster. The differences add up to that of the mean request.',
        unit: 's',
        width: 5,
        min: null,
        queries: [{ expr: `${phase('B')}\n- on (phase)\n${phase('A')}`, legend: '{{phase}}' }],
      }),
    ],
  };
}
