import { ATTR, BOUNDS, METRIC, SPAN } from '@inferometer/core';
import { expect, test } from 'vitest';

const units =
  /_(seconds|total|ratio|size|tokens|depth|arrival|capacity|flight|info|token|joules|bytes|entries|state|status|pending|duration|limit|slots|executors|cores|periods|events|watts|celsius|hertz|second|throttled)(_total)?$/;

test('metric names have a known prefix and end with their unit', () => {
  for (const name of Object.values(METRIC)) {
    expect(name).toMatch(/^(inference|inferometer|gen_ai|http_server|db_client|hw)_[a-z_]+$/);
    expect(name).toMatch(units);
  }
});

test('names are unique', () => {
  for (const names of [METRIC, SPAN, ATTR].map((table) => Object.values<string>(table))) {
    expect(new Set(names).size).toBe(names.length);
  }
});

test('histogram bounds ascend', () => {
  for (const bounds of Object.values<readonly number[]>(BOUNDS)) {
    expect([...bounds].sort((a, b) => a - b)).toEqual([...new Set(bounds)]);
  }
});
