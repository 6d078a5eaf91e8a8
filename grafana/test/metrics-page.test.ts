import { METRIC } from '@inferometer/core';
import { expect, test } from 'vitest';
import { documentedMetrics } from './metrics-page.ts';

/** Made by the metric memory itself, for every memory there is. */
const ofTheMemory = ['inferometer_label_values_folded_total', 'inferometer_series_refused_total'];

test('docs/metrics.md lists every metric, each once, and none that is not there', async () => {
  const names = (await documentedMetrics()).map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  const ours = names.filter((name) => /^(inference|inferometer|hw|gen_ai|http_server|db_client)_/.test(name));
  const known = new Set<string>([...Object.values(METRIC), ...ofTheMemory]);
  expect([...known].filter((name) => !ours.includes(name))).toEqual([]);
  expect(ours.filter((name) => !known.has(name))).toEqual([]);
});

test('says of each whether it is a counter, a gauge or a histogram', async () => {
  for (const { name, type } of await documentedMetrics()) {
    if (!Object.values<string>(METRIC).includes(name)) continue;
    expect({ name, type }).toEqual({ name, type: expect.stringMatching(/^(counter|gauge|histogram)$/) });
    expect({ name, isCounter: type === 'counter' }).toEqual({ name, isCounter: name.endsWith('_total') });
  }
});
