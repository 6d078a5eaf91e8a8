import { readFile } from 'node:fs/promises';
import { METRIC } from '@inferometer/core';
import { expect, test } from 'vitest';
import { engineTable } from './live/engine-table.ts';
import { engines } from './live/engines.ts';

const docs = await readFile(new URL('../../docs/engines.md', import.meta.url), 'utf8');

test('docs/engines.md says of each engine what its series show that it can and cannot tell', () => {
  const [table] = /^\| {2}\|(.*\n\|)*.*/m.exec(docs) ?? [];
  expect(table).toBe(engineTable());
});

test('docs/engines.md says where each metrics text is from, as the text itself does', () => {
  for (const { name, text, targetsVariable } of engines) {
    const origin = /^# (Recorded|Composed)/.exec(text)?.[1];
    expect(origin, name).toBeDefined();
    const row = docs.split('\n').find((line) => line.includes(`(../deploy/collector/engines/${name}.yaml)`));
    expect(row?.toLowerCase(), name).toContain((origin as string).toLowerCase());
    expect(row, name).toContain(targetsVariable);
    if (origin === 'Composed') expect(text, name).toMatch(/^# Source: https:\/\//m);
  }
});

test('engines are mapped to names that Inferometer itself has', async () => {
  const ours = new Set<string>(Object.values(METRIC));
  for (const { name, expected } of engines) {
    const series = (await readFile(expected, 'utf8')).split('\n').filter((line) => line !== '');
    const families = series.map((line) => line.replace(/\{.*/, ''));
    const unknown = families.filter(
      (family) => !ours.has(family) && !ours.has(family.replace(/_(bucket|sum|count)$/, '')),
    );
    expect({ name, unknown: [...new Set(unknown)] }).toEqual({ name, unknown: [] });
  }
});
