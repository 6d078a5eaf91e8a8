import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = async (path: string) => parse(await readFile(new URL(`../${path}`, import.meta.url), 'utf8'));

test('the data source scrapes as often as Prometheus does, and leads from exemplars to traces', async () => {
  const { datasources } = await read('provisioning/datasources/inferometer.yaml');
  const [prometheus, traces] = datasources;
  const { global } = await read('../deploy/prometheus/prometheus.yml');
  expect(prometheus).toMatchObject({ type: 'prometheus', isDefault: true });
  expect(prometheus.jsonData.timeInterval).toBe(global.scrape_interval);
  expect(prometheus.jsonData.exemplarTraceIdDestinations).toEqual([
    { name: 'trace_id', datasourceUid: traces.uid },
  ]);
});

test('the dashboards come from files and cannot be changed in the browser', async () => {
  const { providers } = await read('provisioning/dashboards/inferometer.yaml');
  expect(providers).toMatchObject([
    { type: 'file', allowUiUpdates: false, options: { path: '$INFEROMETER_DASHBOARDS' } },
  ]);
});
