import type { Family, Labels } from '@inferometer/core';
import { expect, test } from 'vitest';
import { mergeFamilies } from '../src/exposition/merge.ts';
import { renderOpenMetrics } from '../src/exposition/open-metrics.ts';
import { renderText } from '../src/exposition/text.ts';
import { parseExposition } from './exposition-parse.ts';
import { randomNumbers } from './exposition-samples.ts';

const family = (name: string, type: Family['type'] = 'gauge', value = 1, labels: Labels = []): Family => ({
  name,
  help: `${name}, ${type}`,
  type,
  series: [{ labels, createdMs: 1000, ...valueFields(type, value) }],
});

function valueFields(type: Family['type'], value: number): object {
  if (type === 'histogram') {
    return { histogram: { count: value, sum: value, classic: { bounds: [1], counts: [value, 0] } } };
  }
  return type === 'summary' ? { summary: { count: value, sum: value, quantiles: [] } } : { value };
}

test('families of one name and type are one, the first to say a label set being believed', () => {
  const { families, conflicts } = mergeFamilies([
    [
      family('a', 'gauge', 1, [
        ['x', '1'],
        ['y', '2'],
      ]),
    ],
    [family('b')],
    [
      {
        ...family('a', 'gauge', 2, [
          ['y', '2'],
          ['x', '1'],
          ['z', ''],
        ]),
        help: 'other help',
      },
      family('a', 'gauge', 3, [['x', '2']]),
    ],
  ]);
  expect(conflicts).toEqual([]);
  expect(families.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(families[0]?.help).toBe('a, gauge');
  // Order does not tell label sets apart, nor do empty values.
  expect(families[0]?.series.map(({ value }) => value)).toEqual([1, 3]);
});

test('values with separators in them do not make label sets the same', () => {
  const sets: Labels[] = [
    [['a', '1,b=1:2']],
    [
      ['a', '1'],
      ['b', '2'],
    ],
    [
      ['a', '1,b=1:2'],
      ['b', '2'],
    ],
    [['a', '7:1,b=1:2']],
    [
      ['a', ''],
      ['b', '1'],
    ],
  ];
  const { families } = mergeFamilies([sets.map((labels) => family('x', 'gauge', 1, labels))]);
  expect(families[0]?.series).toHaveLength(sets.length);
});

test.each<[Family, Family, string]>([
  [family('x'), family('x', 'counter'), 'x'],
  [family('x', 'histogram'), family('x_count', 'gauge'), 'x_count'],
  [family('x_bucket', 'gauge'), family('x', 'histogram'), 'x_bucket'],
  [family('x', 'summary'), family('x_sum', 'counter'), 'x_sum'],
  [family('x', 'histogram'), family('x', 'summary'), 'x'],
  [family('x', 'histogram'), family('x_count', 'histogram'), 'x_count'],
  [family('x_total', 'counter'), family('x'), 'x'],
  [family('x'), family('x_total', 'counter'), 'x'],
  [family('x_total', 'counter'), family('x', 'counter'), 'x'],
  [family('x_total', 'counter'), family('x_created'), 'x_created'],
  [family('x', 'histogram'), family('x_created'), 'x_created'],
  [family('x_sum_total', 'counter'), family('x', 'histogram'), 'x_sum'],
])('%o and %o cannot both be there', (first, second, claimed) => {
  const { families, conflicts } = mergeFamilies([[first], [second]]);
  expect(families).toEqual([first]);
  const { name, type } = second;
  expect(conflicts).toEqual([{ name, type, claimed, keptName: first.name, keptType: first.type }]);
});

test.each<[Family, Family]>([
  [family('x'), family('x_count')],
  [family('x_total', 'counter'), family('x_sum')],
  [family('x', 'histogram'), family('x_total', 'gauge')],
  [family('x', 'counter'), family('x_created')],
])('%o and %o can', (first, second) => {
  expect(mergeFamilies([[first, second]])).toEqual({ families: [first, second], conflicts: [] });
});

test('whatever is merged prints no family, series or label twice in any format', () => {
  const random = randomNumbers(7);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] as const;
  const suffixes = ['', '_total', '_count', '_sum', '_bucket', '_created', '_count_total', '_sum_count'];
  let left = 0;
  for (let round = 0; round < 300; round++) {
    const lists = Array.from({ length: 3 }, () =>
      Array.from({ length: 6 }, () => {
        const labels: Labels = [
          ['a', pick(['1', '2'])],
          [pick(['b', 'a.b', 'a_b', 'le', 'quantile']), pick(['', 'x'])],
        ];
        return family(pick(['x', 'y']) + pick(suffixes), pick(types), 1, labels);
      }),
    );
    const { families, conflicts } = mergeFamilies(lists);
    left += conflicts.length;
    expect(families.length + conflicts.length).toBeLessThanOrEqual(18);
    // The reader throws at anything that comes twice.
    const text = parseExposition([...renderText(families)].join(''));
    const open = parseExposition([...renderOpenMetrics(families)].join(''));
    expect(text.types.size).toBe(families.length);
    expect(open.types.size).toBe(families.length);
    // Nothing is lost but what is said to be.
    const said = new Set(conflicts.map(({ name, type }) => `${name} ${type}`));
    const there = new Set(families.map(({ name, type }) => `${name} ${type}`));
    for (const { name, type } of lists.flat()) {
      expect(there.has(`${name} ${type}`) !== said.has(`${name} ${type}`)).toBe(true);
    }
  }
  expect(left).toBeGreaterThan(100);
});
