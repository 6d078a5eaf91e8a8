import type { AlertRule } from './rule-files.ts';

/** A rule with one thing changed that a test has to notice. */
export interface Mutant {
  /** `> became <= at 31` */
  readonly change: string;
  readonly rule: AlertRule;
}

/** The opposite of each comparison, and a set operator for another. */
const replacements: Readonly<Record<string, string>> = {
  '>': '<=',
  '>=': '<',
  '<': '>=',
  '<=': '>',
  '==': '!=',
  '!=': '==',
  and: 'or',
  or: 'and',
  unless: 'and',
};

/** What is changed, and before it what is passed over: strings and ranges. */
const token =
  /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|(?<matchers>\{[^}]*\})|(?<operator>[<>]=?|[=!]=|\b(?:and|or|unless)\b)|(?<![\w.])(?<number>\d+(?:\.\d+)?)(?![\w.])/g;

/** Changed together with the number before them they would be another unit. */
const secondsAnHour = '3600';

/** Each comparison turned round, each set operator and threshold changed, each matcher left out, `for` halved and doubled. */
export function mutantsOf(rule: AlertRule): Mutant[] {
  const found: Mutant[] = [];
  for (const { index, groups = {}, 0: text } of rule.expr.matchAll(token)) {
    const put = (by: string): void => {
      const expr = rule.expr.slice(0, index) + by + rule.expr.slice(index + text.length);
      found.push({ change: `${text} became ${by} at ${index}`, rule: { ...rule, expr } });
    };
    if (groups.operator) put(replacements[text] as string);
    if (groups.number && text !== secondsAnHour)
      for (const changed of around(Number(text))) put(String(changed));
    if (groups.matchers) for (const fewer of withoutOne(text)) put(fewer);
  }
  const seconds = secondsOf(rule.for);
  for (const changed of seconds === 0 ? [300] : [seconds / 2, seconds * 2]) {
    found.push({ change: `for: ${changed}s`, rule: { ...rule, for: `${changed}s` } });
  }
  return found;
}

/** A tenth less and more; of small whole numbers, one; of none, what is always passed and what never is. */
function around(threshold: number): number[] {
  if (threshold === 0) return [-1, 1000];
  if (Number.isInteger(threshold) && threshold <= 20) return [threshold - 1, threshold + 1];
  return [threshold * 0.9, threshold * 1.1].map((value) => Number(value.toPrecision(6)));
}

function withoutOne(matchers: string): string[] {
  const each = matchers.match(/\w+\s*[=!]~?\s*"[^"]*"/g) ?? [];
  // Without its name nothing is selected at all.
  if (each.some((one) => one.startsWith('__name__'))) return [];
  return each.map((one) => `{${each.filter((other) => other !== one).join(', ')}}`);
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function secondsOf(duration: string): number {
  const [, amount, unit] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  if (amount === undefined || unit === undefined) throw new RangeError(`no duration: ${duration}`);
  return Number(amount) * (unitSeconds[unit] as number);
}
