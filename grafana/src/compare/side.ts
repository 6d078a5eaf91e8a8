import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { chosenModel } from '../promql.ts';
import { meanOf, observationsOf, observedOf, quantileOf, rateOf, type Side } from './promql.ts';

const model = chosenModel;

/** The same panels of A and of B, each pair in a line. */
export function sides(): Section[] {
  const pairs = (title: string, of: (side: Side) => Panel): Section => ({
    title,
    panels: [of('A'), of('B')],
  });
  return [
    pairs('Latency', latency),
    pairs('Where the time goes', time),
    pairs('Requests and errors', requests),
    pairs('Batches', batches),
    pairs('Device time', deviceTime),
  ];
}

const which: Readonly<Record<Side, string>> = {
  A: 'Of version A, as much earlier as was chosen.',
  B: 'Of version B.',
};

function latency(side: Side): Panel {
  return timeseries({
    title: `Latency, ${side}`,
    description: `From a request to the end of its answer, over all chosen models. ${which[side]}`,
    unit: 's',
    width: 12,
    queries: [
      { expr: meanOf(side, [], NAME.requestDuration, model), legend: 'mean' },
      ...[0.5, 0.95, 0.99].map((q) => ({
        expr: quantileOf(side, q, [], NAME.requestDuration, model),
        legend: `p${q * 100}`,
      })),
    ],
  });
}

function time(side: Side): Panel {
  return timeseries({
    title: `Mean time of a request, by phase, ${side}`,
    description: `Seconds that the mean request spent in each phase; they add up to the mean request. ${which[side]}`,
    unit: 's',
    width: 12,
    stacked: true,
    queries: [
      {
        expr: `${observedOf(side, ['phase'], NAME.phaseDuration, model)}\n/ on () group_left ()\n(${observationsOf(side, [], NAME.requestDuration, model)} > 0)`,
        legend: '{{phase}}',
      },
    ],
  });
}

function requests(side: Side): Panel {
  return timeseries({
    title: `Requests by status, ${side}`,
    description: `Requests that ended, a second. ${which[side]}`,
    unit: 'reqps',
    width: 12,
    stacked: true,
    queries: [{ expr: observationsOf(side, ['status'], NAME.requestDuration, model), legend: '{{status}}' }],
  });
}

function batches(side: Side): Panel {
  return timeseries({
    title: `Batch size, ${side}`,
    description: `Inputs in a model run: the mean and p95 over runs. ${which[side]}`,
    unit: 'none',
    width: 12,
    queries: [
      { expr: meanOf(side, ['model'], NAME.batchSize, model), legend: 'mean {{model}}' },
      { expr: quantileOf(side, 0.95, ['model'], NAME.batchSize, model), legend: 'p95 {{model}}' },
    ],
  });
}

function deviceTime(side: Side): Panel {
  return timeseries({
    title: `Device seconds per request, ${side}`,
    description: `Time of model runs that the mean request of a model takes. ${which[side]}`,
    unit: 's',
    width: 12,
    queries: [
      {
        expr: `${rateOf(side, ['model'], NAME.deviceTime, model)}\n/ on (model)\n(${observationsOf(side, ['model'], NAME.requestDuration, model)} > 0)`,
        legend: '{{model}}',
      },
    ],
  });
}
