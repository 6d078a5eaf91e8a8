import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { matrix, timeseries } from '../panels.ts';
import { chosenModel, observations, observed, rate } from '../promql.ts';

const chosenSender = ['route=~"$route"', 'tenant=~"$tenant"'];

/** Whose time it is: phases by route, model and tenant. */
export function who(): Section {
  return {
    title: 'Where the time goes, by route, model and tenant',
    panels: [
      ...['route', 'tenant'].map((label) =>
        timeByPhase(label, 'Of the chosen routes and tenants, of all models.', {
          time: rate([label, 'phase'], NAME.phaseTime, ...chosenSender),
          requests: rate([label], NAME.requests, ...chosenSender),
        }),
      ),
      timeByPhase('model', 'Of the chosen models, of all routes and tenants.', {
        time: observed(['model', 'phase'], NAME.phaseDuration, chosenModel),
        requests: observations(['model'], NAME.requestDuration, chosenModel),
      }),
      ...['route', 'tenant'].map((label) =>
        timeseries({
          title: `Time of requests, by ${label}`,
          description: `Seconds that requests spent, in each second: how many of each ${label} there were at a time. Of the chosen routes and tenants, of all models.`,
          unit: 'none',
          width: 8,
          stacked: true,
          queries: [{ expr: rate([label], NAME.phaseTime, ...chosenSender), legend: `{{${label}}}` }],
        }),
      ),
      timeseries({
        title: 'Time of requests, by model',
        description:
          'Seconds that requests spent, in each second: how many of each model there were at a time. Model "none": refused before a model was chosen.',
        unit: 'none',
        width: 8,
        stacked: true,
        queries: [{ expr: observed(['model'], NAME.requestDuration, chosenModel), legend: '{{model}}' }],
      }),
    ],
  };
}

function timeByPhase(label: string, which: string, of: { time: string; requests: string }): Panel {
  return matrix({
    title: `Mean time by ${label} and phase`,
    description: `Seconds that the mean request of each ${label} spent in each phase; a line adds up to the mean request. ${which}`,
    unit: 's',
    width: 8,
    rows: label,
    columns: 'phase',
    queries: [
      {
        expr: `${of.time}\n/ on (${label}) group_left ()\n(${of.requests} > 0)`,
        legend: `{{${label}}} {{phase}}`,
      },
    ],
  });
}
