/** Pieces of PromQL. Every selector follows the dashboard's variables, every range is Grafana's. */

/** The chosen models, where the label is ours. */
export const chosenModel = 'model=~"$model"';
/** The chosen models, where the label is that of the GenAI conventions. */
export const chosenGenAiModel = 'gen_ai_request_model=~"$model"';

/** The metric's series at the chosen jobs and instances. @param matchers further ones: `status=~"5.."` */
export function select(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${['job=~"$job"', 'instance=~"$instance"', ...matchers].join(', ')}}`;
}

/** How fast a counter grows, a second, summed up. @param by labels that stay apart */
export function rate(by: readonly string[], counter: string, ...matchers: readonly string[]): string {
  return `${sumBy(by)} (rate(${select(counter, ...matchers)}[$__rate_interval]))`;
}

/** The mean of a histogram's observations; nothing while there are none. */
export function mean(by: readonly string[], histogram: string, ...matchers: readonly string[]): string {
  return ratio(rate(by, `${histogram}_sum`, ...matchers), rate(by, `${histogram}_count`, ...matchers));
}

/** @param q in [0, 1]; interpolated within a bucket, so no finer than the histogram's bounds */
export function quantile(
  q: number,
  by: readonly string[],
  histogram: string,
  ...matchers: readonly string[]
): string {
  return `histogram_quantile(${q}, ${rate([...by, 'le'], `${histogram}_bucket`, ...matchers)})`;
}

/** One vector by another of the same labels; nothing where the second is 0. */
export function ratio(numerator: string, denominator: string): string {
  return `${numerator}\n/\n(${denominator} > 0)`;
}

function sumBy(labels: readonly string[]): string {
  return labels.length === 0 ? 'sum' : `sum by (${labels.join(', ')})`;
}
