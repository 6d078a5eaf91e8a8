import type { PrometheusClient, Sample } from '@inferometer/testkit';
import { type DashboardJson, type PanelJson, panelsOf, type TargetJson } from '../dashboard.ts';
import { parsePromql, type Vector, vectorsOf } from '../promql/parse.ts';
import { type Choice, substitute } from './choice.ts';

/** The part of Prometheus that is asked. */
export type Asked = Pick<PrometheusClient, 'query'>;

export interface CheckOptions {
  readonly choice: Choice;
  /** The moments to ask at, seconds since the epoch, ascending; the last one has to have everything. */
  readonly timesS: readonly number[];
  /** Panels that may be straight lines under any load, with the reason. */
  readonly constant: Readonly<Record<string, string>>;
  /** Panels or `panel: legend` that this machine or load cannot fill, with the reason. */
  readonly absent: Readonly<Record<string, string>>;
}

/**
 * What is wrong with a dashboard's answers: a query without any, a value that is no number or that its panel cannot
 * show, a series without the labels that its legend names, a panel that stands still while the load varies.
 */
export async function problemsOf(
  prometheus: Asked,
  dashboard: DashboardJson,
  options: CheckOptions,
): Promise<string[]> {
  const problems: string[] = [];
  for (const panel of panelsOf(dashboard)) {
    if (panel.title in options.absent) continue;
    const answers = await Promise.all(
      (panel.targets ?? []).map(async (target) => ({
        target,
        samples: await ask(prometheus, target, options),
      })),
    );
    const found = answers
      .filter(({ target }) => !(`${panel.title}: ${target.legendFormat}` in options.absent))
      .flatMap(({ target, samples }) => problemsOfTarget(panel, target, samples.at(-1) ?? [], options));
    for (const { target } of answers)
      found.push(...(await unknownSeries(prometheus, panel, target, options)));
    problems.push(...found.map((problem) => `${panel.title}: ${problem}`));
    const stands = answers.every(({ samples }) => standsStill(samples));
    if (found.length === 0 && stands && !(panel.title in options.constant)) {
      problems.push(`${panel.title}: does not change while the load does`);
    }
  }
  return problems;
}

/**
 * Series that a query selects and Prometheus does not have: an alternative (`or`) that is never there hides behind the
 * other. Of a histogram one form is enough.
 */
async function unknownSeries(
  prometheus: Asked,
  panel: PanelJson,
  { expr, legendFormat }: TargetJson,
  options: CheckOptions,
): Promise<string[]> {
  const promql = substitute(expr, options.choice);
  if (promql.trim() === '' || `${panel.title}: ${legendFormat}` in options.absent) return [];
  const selectors = [...new Set(vectorsOf(parsePromql(promql)).map(inAnyForm))];
  const found = await Promise.all(
    selectors.map(async (selector) =>
      (await hasSeries(prometheus, selector, options.timesS.at(-1) as number))
        ? []
        : [`there is no ${selector}`],
    ),
  );
  return found.flat();
}

/** The selector of a vector, be it a histogram's in its classic or its native form. */
function inAnyForm({ metric, matchers }: Vector): string {
  const name = metric ?? matchers.find(({ label }) => label === '__name__')?.value ?? '';
  const others = matchers
    .filter(({ label }) => label !== 'le' && label !== '__name__')
    .map(({ label, op, value }) => `${label}${op}"${value}"`);
  const names = `__name__=~"${name.replace(/_(bucket|sum|count)$/, '')}(_bucket|_sum|_count)?"`;
  return `{${[names, ...others].join(', ')}}`;
}

/** Answers so far: the same selectors are in many panels. */
const answered = new WeakMap<Asked, Map<string, Promise<boolean>>>();

function hasSeries(prometheus: Asked, selector: string, timeS: number): Promise<boolean> {
  const known = answered.get(prometheus) ?? new Map<string, Promise<boolean>>();
  answered.set(prometheus, known);
  const key = `${selector} ${timeS}`;
  const answer =
    known.get(key) ?? prometheus.query(`count(${selector})`, timeS).then((series) => series.length > 0);
  known.set(key, answer);
  return answer;
}

/** Samples at each moment. An error of Prometheus is a problem of the query, and thrown. */
function ask(prometheus: Asked, { expr }: TargetJson, options: CheckOptions): Promise<Sample[][]> {
  const promql = substitute(expr, options.choice);
  if (promql.trim() === '') return Promise.resolve([[]]);
  return Promise.all(options.timesS.map((timeS) => prometheus.query(promql, timeS)));
}

function problemsOfTarget(
  panel: PanelJson,
  target: TargetJson,
  samples: readonly Sample[],
  options: CheckOptions,
): string[] {
  const name = `"${target.legendFormat}"`;
  if (samples.length === 0) return [`${name} has no answer`];
  const { unit, min, max } = panel.fieldConfig?.defaults ?? {};
  const labels = [...target.legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label as string);
  const problems = new Set<string>();
  for (const { metric, value, histogram } of samples) {
    // A native histogram is a whole heatmap column: it has no `le`, and no single value.
    if (panel.type === 'heatmap' && histogram) {
      // One of what need not happen may be empty.
      const mayBeEmpty = panel.title in options.constant;
      if (!(histogram.count > 0) && !mayBeEmpty) problems.add(`${name} is an empty histogram`);
      continue;
    }
    if (!Number.isFinite(value)) problems.add(`${name} is ${value}`);
    if (min === 0 && value < 0) problems.add(`${name} is ${value}, below its axis`);
    if (unit === 'percentunit' && max === 1 && value > 1.02) problems.add(`${name} is ${value}, above 100 %`);
    for (const label of labels) {
      if (!metric[label]) problems.add(`${name} has a series without ${label}`);
    }
  }
  return [...problems];
}

/** Whether every series has the same value at all moments. */
function standsStill(samples: readonly Sample[][]): boolean {
  const seen = new Map<string, Set<number>>();
  for (const { metric, value, histogram } of samples.flat()) {
    const series = JSON.stringify(metric);
    seen.set(series, (seen.get(series) ?? new Set()).add(histogram?.sum ?? value));
  }
  return [...seen.values()].every((values) => values.size < 2);
}
