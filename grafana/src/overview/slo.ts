import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { stat, timeseries } from '../panels.ts';
import { chosenForm, chosenGenAiModel, chosenModel, select } from '../promql.ts';

/**
 * Service level objectives, as deploy/prometheus/rules/inferometer-recording.yaml has them, whose comments say what
 * counts. Asked of the requests themselves and not of what those rules record: so the panels are right for the chosen
 * instances, and are there where the rules are not. A test holds the two together.
 */
export const objectives = { availability: 0.995, latency: 0.99 } as const;
/** Seconds; a bound of the request's and of the first token's histogram. */
const fastEnough = '0.5';

/** Over a window of our own its growth; over Grafana's a second's, as all lines are drawn. */
function growth(series: string, window: string): string {
  return `${window === '$__rate_interval' ? 'rate' : 'increase'}(${series}[${window}])`;
}

/** What a histogram counted in a time, by model; `label` is what its model's label is called. */
function counted(
  histogram: string,
  window: string,
  label: string,
  chosen: string,
  matchers: readonly string[],
): string {
  const increase = (name: string, ...further: readonly string[]) =>
    byModel(label, growth(select(name, chosen, ...matchers, ...further), window));
  return `(${increase(`${histogram}_count`)} or histogram_count(${increase(histogram, chosenForm)}))`;
}

/** Of these, the ones that took no longer than is fast enough. */
function countedFast(
  histogram: string,
  window: string,
  label: string,
  chosen: string,
  matchers: readonly string[],
): string {
  const classic = growth(select(`${histogram}_bucket`, chosen, ...matchers, `le="${fastEnough}"`), window);
  const native = byModel(label, growth(select(histogram, chosen, ...matchers, chosenForm), window));
  return `(${byModel(label, classic)} or histogram_fraction(0, ${fastEnough}, ${native}) * histogram_count(${native}))`;
}

function byModel(label: string, vector: string): string {
  return label === 'model'
    ? `sum by (model) (${vector})`
    : `sum by (model) (label_replace(${vector}, "model", "$1", "${label}", "(.+)"))`;
}

const requests = (window: string, status: string) =>
  counted(NAME.requestDuration, window, 'model', chosenModel, [`status=~"${status}"`]);
const firstTokens = (count: typeof counted, window: string) =>
  count(NAME.genAiTimeToFirstToken, window, 'gen_ai_request_model', chosenGenAiModel, []);

/** Share of the valid requests that failed, of all chosen models. */
export function failedRatio(window: string): string {
  const failed = `(sum(${requests(window, '429|5..')}) or vector(0))`;
  return `${failed}\n/\n(sum(${requests(window, '[23]..|429|5..')}) > 0)`;
}

/** Share of the answered requests that were not fast, of all chosen models. */
export function slowRatio(window: string): string {
  return `clamp_min(1 - sum(${fast(window)})\n/\n(sum(${served(window)}) > 0), 0)`;
}

function served(window: string): string {
  return `(${firstTokens(counted, window)} or ${requests(window, '[23]..')})`;
}

function fast(window: string): string {
  const classicOrNative = countedFast(NAME.requestDuration, window, 'model', chosenModel, [
    'status=~"[23].."',
  ]);
  return `(${firstTokens(countedFast, window)} or ${classicOrNative})`;
}

const windows = ['5m', '1h', '6h', '3d'];

/** Whether what was promised is kept, and how much is left of what may go wrong. */
export function slo(): Section {
  const thresholds = (objective: number) => [
    { color: 'red' },
    { from: objective, color: 'orange' },
    { from: (1 + objective) / 2, color: 'green' },
  ];
  const budgetLeft = (bad: string, objective: number) => `1 - (${bad}) / (1 - ${objective})`;
  return {
    title: 'Objectives',
    panels: [
      stat({
        title: 'Availability, 3 days',
        description: `Share of valid requests that were answered, in the last three days. The objective is ${objectives.availability * 100} %. Refusals for overload (429) and 5xx count as failed, mistakes of clients and requests that were given up do not count at all.`,
        unit: 'percentunit',
        width: 4,
        max: 1,
        noValue: 'No requests',
        queries: [{ expr: `1 - ${failedRatio('3d')}`, legend: 'availability' }],
        thresholds: thresholds(objectives.availability),
      }),
      stat({
        title: 'Fast requests, 3 days',
        description: `Share of answered requests that took no longer than ${fastEnough} s (of generations: to the first token), in the last three days. The objective is ${objectives.latency * 100} %.`,
        unit: 'percentunit',
        width: 4,
        max: 1,
        noValue: 'No requests',
        queries: [{ expr: `1 - ${slowRatio('3d')}`, legend: 'fast' }],
        thresholds: thresholds(objectives.latency),
      }),
      stat({
        title: 'Error budget left, 30 days',
        description:
          'How much may still go wrong in these 30 days, as a share of what the objectives allow: 100 % is all of it, below 0 the objective is missed. Where less than 30 days are stored: in these.',
        unit: 'percentunit',
        width: 6,
        min: null,
        noValue: 'No requests',
        queries: [
          { expr: budgetLeft(failedRatio('30d'), objectives.availability), legend: 'availability' },
          { expr: budgetLeft(slowRatio('30d'), objectives.latency), legend: 'latency' },
        ],
        thresholds: [{ color: 'red' }, { from: 0, color: 'orange' }, { from: 0.25, color: 'green' }],
        named: true,
      }),
      timeseries({
        title: 'Goodput',
        description: `Requests that were answered within ${fastEnough} s (of generations: whose first token was), a second, beside all valid requests: the gap is what failed or came late.`,
        unit: 'reqps',
        width: 10,
        queries: [
          { expr: `sum(${fast('$__rate_interval')})`, legend: 'in time' },
          {
            expr: `sum(${requests('$__rate_interval', '[23]..|429|5..')})`,
            legend: 'all valid',
          },
        ],
      }),
      burnRate('availability', 'error budget', failedRatio),
      burnRate('latency', 'budget of slow requests', slowRatio),
    ],
  };
}

function burnRate(slo: keyof typeof objectives, budget: string, ratio: (window: string) => string) {
  return timeseries({
    title: `Burn rate of ${slo}`,
    description: `How fast the ${budget} is used up: at 1 it lasts exactly as long as it has to. Pages go out at 14.4 over an hour and at 6 over six hours, if the shorter window agrees.`,
    unit: 'none',
    width: 12,
    queries: windows.map((window) => ({
      expr: `${ratio(window)} / (1 - ${objectives[slo]})`,
      legend: window,
    })),
  });
}
