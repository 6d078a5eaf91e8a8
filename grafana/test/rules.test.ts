import { describe, expect, test } from 'vitest';
import { checkRules, ruleChecks } from './lint/rule-checks.ts';
import { ruleFiles } from './live/rule-files.ts';
import { type Rule, type RuleGroup, readRules } from './live/rules.ts';

test('the rules pass the offline checks of pint', async () => {
  const groups = await readRules(ruleFiles);
  expect(groups.flatMap(({ rules }) => rules).length).toBeGreaterThan(20);
  expect(checkRules(groups)).toEqual([]);
});

/** Rules that each check has to find, beside ones that it must not. */
const cases: Readonly<
  Record<string, { bad: (Partial<Rule> & { interval?: string })[]; good: Partial<Rule>[] }>
> = {
  'promql/syntax': { bad: [{ record: 'a', expr: 'sum(a' }], good: [{ record: 'a', expr: 'sum(a)' }] },
  'alerts/comparison': {
    bad: [
      { alert: 'A', expr: 'up' },
      { alert: 'A', expr: 'up == bool 0' },
      { alert: 'A', expr: 'up == 0 or a' },
    ],
    good: [
      { alert: 'A', expr: 'up == 0' },
      { alert: 'A', expr: 'absent(up)' },
      { alert: 'A', expr: 'a > 1 and b' },
    ],
  },
  'alerts/for': {
    bad: [{ alert: 'A', expr: 'a > 1', for: 'soon' }],
    good: [{ alert: 'A', expr: 'a > 1', for: '1h30m' }],
  },
  'alerts/template': {
    bad: [
      { alert: 'A', expr: 'a > 1', labels: { size: '{{ $value }}' } },
      { alert: 'A', expr: 'sum by (job) (a) > 1', annotations: { summary: '{{ $labels.instance }}' } },
      { alert: 'A', expr: 'rate(a[5m]) > 1', annotations: { summary: 'at {{ $value }}' } },
    ],
    good: [
      { alert: 'A', expr: 'sum by (job) (a) > 1', annotations: { summary: '{{ $labels.job }}' } },
      { alert: 'A', expr: 'rate(a[5m]) > 1', annotations: { summary: 'at {{ $value | humanize }}' } },
    ],
  },
  'group/interval': {
    bad: [{ record: 'a', expr: 'b', interval: '10m' }],
    good: [{ record: 'a', expr: 'b' }],
  },
  'promql/fragile': {
    bad: [
      { alert: 'A', expr: 'topk(3, a) > 1' },
      { alert: 'A', expr: 'sum(a{job="x"}) / sum(b{job="y"}) > 1' },
    ],
    good: [{ alert: 'A', expr: 'sum(a{job="x"}) / sum(b{job="y"}) > 1', for: '2m' }],
  },
  'promql/impossible': {
    bad: [
      { record: 'a', expr: 'a{job="b"} unless sum(a)' },
      { record: 'a', expr: 'group by (cluster) (sum(a))' },
      { record: 'a', expr: 'sum(a) / on (cluster) count(b)' },
      { record: 'a', expr: 'sum by (x) (a) / sum by (y) (b)' },
    ],
    good: [
      { record: 'a', expr: 'sum by (x) (a) / sum by (x) (b)' },
      { record: 'a', expr: 'a * on (x) group_left (y) b' },
      { record: 'a', expr: 'a > 2 * 3' },
    ],
  },
  'promql/nan': {
    bad: [
      { record: 'a', expr: 'sum(a / b)' },
      { record: 'a', expr: 'avg by (x) (a % b)' },
    ],
    good: [
      { record: 'a', expr: 'sum(a / (b > 0))' },
      { record: 'a', expr: 'sum(a / clamp_min(b, 1))' },
      { record: 'a', expr: 'a / b' },
    ],
  },
  'promql/regexp': {
    bad: [
      { record: 'a', expr: 'a{x=~"b"}' },
      { record: 'a', expr: 'a{x=~"^b.*"}' },
    ],
    good: [{ record: 'a', expr: 'a{x=~"b|c", y="d"}' }],
  },
  'rule/dependency': {
    bad: [{ record: 'a', expr: 'sum(elsewhere)' }],
    good: [{ record: 'a', expr: 'sum(nearby)' }],
  },
  'rule/duplicate': { bad: [{ record: 'elsewhere', expr: 'b' }], good: [{ record: 'elsewhere', expr: 'c' }] },
  'rule/topk': { bad: [{ record: 'a', expr: 'topk(3, a)' }], good: [{ alert: 'A', expr: 'a > 1' }] },
};

describe('the checks', () => {
  test.each(Object.keys(ruleChecks))('%s finds what it is for, and nothing else', (name) => {
    const { bad = [], good = [] } = cases[name] ?? {};
    expect(bad.length * good.length).toBeGreaterThan(0);
    const found = ({ interval, ...rule }: Partial<Rule> & { interval?: string }) => {
      const group = {
        name: 'g',
        rules: [rule, { record: 'nearby', expr: 'x' }],
        ...(interval ? { interval } : {}),
      };
      const groups = [group, { name: 'other', rules: [{ record: 'elsewhere', expr: 'b' }] }] as RuleGroup[];
      return ruleChecks[name]?.(rule as Rule, groups[0] as RuleGroup, groups) ?? [];
    };
    for (const rule of bad)
      expect({ rule, isFound: found(rule).length > 0 }).toEqual({ rule, isFound: true });
    for (const rule of good) expect({ rule, problems: found(rule) }).toEqual({ rule, problems: [] });
  });
});
