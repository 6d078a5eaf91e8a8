import { NAME } from '../names.ts';
import { aggregate, chosenForm, ratio, select } from '../promql.ts';

/** A: what was before. B: what is judged. */
export type Side = 'A' | 'B';

/** Only A is looked at earlier. */
const offsetOf = (side: Side): string => (side === 'A' ? ' offset $before' : '');

/** Of the instances that ran the side's version at its time. */
export function ofSide(side: Side, vector: string): string {
  const version = `version=~"$version_${side.toLowerCase()}"`;
  return `${vector}\n* on (job, instance) group_left () ${select(NAME.buildInfo, version)}${offsetOf(side)}`;
}

/** See `rate` of ../promql.ts, of one side. */
export function rateOf(side: Side, by: readonly string[], counter: string, ...matchers: string[]): string {
  const series = `${select(counter, ...matchers)}[$__rate_interval]${offsetOf(side)}`;
  return aggregate('sum', by, ofSide(side, `rate(${series})`));
}

function eitherForm(
  what: 'count' | 'sum',
  side: Side,
  by: readonly string[],
  histogram: string,
  matchers: readonly string[],
): string {
  const native = rateOf(side, by, histogram, ...matchers, chosenForm);
  return `(${rateOf(side, by, `${histogram}_${what}`, ...matchers)} or histogram_${what}(${native}))`;
}

export function observationsOf(
  side: Side,
  by: readonly string[],
  histogram: string,
  ...matchers: string[]
): string {
  return eitherForm('count', side, by, histogram, matchers);
}

export function observedOf(
  side: Side,
  by: readonly string[],
  histogram: string,
  ...matchers: string[]
): string {
  return eitherForm('sum', side, by, histogram, matchers);
}

export function meanOf(side: Side, by: readonly string[], histogram: string, ...matchers: string[]): string {
  return ratio(
    observedOf(side, by, histogram, ...matchers),
    observationsOf(side, by, histogram, ...matchers),
  );
}

export function quantileOf(
  side: Side,
  q: number,
  by: readonly string[],
  histogram: string,
  ...matchers: string[]
): string {
  const classic = rateOf(side, [...by, 'le'], `${histogram}_bucket`, ...matchers, chosenForm);
  const native = rateOf(side, by, histogram, ...matchers, chosenForm);
  return `(histogram_quantile(${q}, ${classic} or ${native}) >= 0)`;
}
