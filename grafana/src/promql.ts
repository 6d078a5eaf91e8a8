/** Pieces of PromQL. Every selector follows the dashboard's variables, every range is Grafana's. */

/** The chosen models, where the label is ours. */
export const chosenModel = 'model=~"$model"';
/** The chosen models, where the label is that of the GenAI conventions. */
export const chosenGenAiModel = 'gen_ai_request_model=~"$model"';

/**
 * Lets through one form of a histogram: the variable's value is `.+`, which every classic bucket has and no native
 * histogram, or `()`, which fits only where there is no `le`. The form that is not chosen costs a look at the index.
 */
export const chosenForm = 'le=~"$histogram"';

/** The metric's series at the chosen jobs and instances. @param matchers further ones: `status=~"5.."` */
export function select(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${['job=~"$job"', 'instance=~"$instance"', ...matchers].join(', ')}}`;
}

/** As `select`, of metrics whose name is not the same everywhere. @param names as a regular expression */
export function selectNamed(names: string, ...matchers: readonly string[]): string {
  return select('', `__name__=~"${names}"`, ...matchers);
}

/** Series by some of their labels. @param by labels that stay apart @param function_ `sum`, `max`, `count` */
export function aggregate(function_: string, by: readonly string[], vector: string): string {
  return by.length === 0 ? `${function_}(${vector})` : `${function_} by (${by.join(', ')}) (${vector})`;
}

/** How fast a counter grows, a second, summed up. @param by labels that stay apart */
export function rate(by: readonly string[], counter: string, ...matchers: readonly string[]): string {
  return aggregate('sum', by, `rate(${select(counter, ...matchers)}[$__rate_interval])`);
}

/** A gauge, summed up. */
export function sum(by: readonly string[], gauge: string, ...matchers: readonly string[]): string {
  return aggregate('sum', by, select(gauge, ...matchers));
}

/** Observations of a histogram, a second. */
export function observations(
  by: readonly string[],
  histogram: string,
  ...matchers: readonly string[]
): string {
  return eitherForm('count', by, histogram, matchers);
}

/** What a histogram's observations add up to, a second. */
export function observed(by: readonly string[], histogram: string, ...matchers: readonly string[]): string {
  return eitherForm('sum', by, histogram, matchers);
}

/** Count and sum are the same in both forms: the native one is asked where it is all there is. */
function eitherForm(
  what: 'count' | 'sum',
  by: readonly string[],
  histogram: string,
  matchers: readonly string[],
): string {
  const native = rate(by, histogram, ...matchers, chosenForm);
  return `(${rate(by, `${histogram}_${what}`, ...matchers)} or histogram_${what}(${native}))`;
}

/** The mean of a histogram's observations; nothing while there are none. */
export function mean(by: readonly string[], histogram: string, ...matchers: readonly string[]): string {
  return ratio(observed(by, histogram, ...matchers), observations(by, histogram, ...matchers));
}

/** @param q in [0, 1]; interpolated within a bucket, so no finer than the histogram's bounds */
export function quantile(
  q: number,
  by: readonly string[],
  histogram: string,
  ...matchers: readonly string[]
): string {
  const classic = rate([...by, 'le'], `${histogram}_bucket`, ...matchers, chosenForm);
  const native = rate(by, histogram, ...matchers, chosenForm);
  // NaN is what a histogram without observations gives: no line then, rather than one that cannot be drawn.
  return `(histogram_quantile(${q}, ${classic} or ${native}) >= 0)`;
}

/** How many observations fell into each bucket, for a heatmap. */
export function buckets(histogram: string, ...matchers: readonly string[]): string {
  const increase = (name: string) => `increase(${select(name, ...matchers, chosenForm)}[$__rate_interval])`;
  return `${aggregate('sum', ['le'], increase(`${histogram}_bucket`))} or ${aggregate('sum', [], increase(histogram))}`;
}

/** One vector by another of the same labels; nothing where the second is 0. */
export function ratio(numerator: string, denominator: string): string {
  return `${numerator}\n/\n(${denominator} > 0)`;
}

/** A vector by a single number. */
export function ratioOfAll(numerator: string, denominator: string): string {
  return `${numerator}\n/ on () group_left ()\n(${denominator} > 0)`;
}
