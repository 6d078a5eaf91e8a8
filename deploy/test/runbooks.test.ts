import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeWithParts, type Prometheus, startPrometheus } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isKnownMetric } from './rules/known-metrics.ts';
import { alertRules, recordingRules } from './rules/rule-files.ts';
import { selectedMetrics } from './rules/selected-metrics.ts';

const folder = fileURLToPath(new URL('../../docs/runbooks/', import.meta.url));
const alerts = [...new Set(alertRules().map(({ alert }) => alert))].sort();

test('each alert has a runbook, and each runbook an alert', async () => {
  const runbooks = (await readdir(folder)).filter((name) => name !== 'README.md');
  expect(runbooks.sort()).toEqual(alerts.map((alert) => `${alert}.md`));
});

test('each alert says how bad it is, what it is about, with its value, and where its runbook is', () => {
  for (const { alert, labels, annotations } of alertRules()) {
    expect(labels.severity, alert).toMatch(/^(critical|warning)$/);
    expect(annotations.summary, alert).toMatch(/^\S.{20,100}$/);
    expect(annotations.description, alert).toMatch(/\$value.*\.$/s);
    expect(annotations.runbook_url).toBe(
      `https://github.com/inferometer/inferometer/blob/main/docs/runbooks/${alert}.md`,
    );
  }
});

test.each(alerts)('%s: the runbook says what it means, how to see it and what to do', async (alert) => {
  const text = await runbook(alert);
  const sections = [...text.matchAll(/^#+ .*$/gm)].map(([heading]) => heading);
  expect(sections).toEqual([`# ${alert}`, '## What it means', '## How to see it', '## What to do']);
  for (const part of text.split(/^#+ .*$/gm).slice(1)) expect(part.trim()).not.toBe('');
  const severities = alertRules()
    .filter((rule) => rule.alert === alert)
    .map(({ labels }) => labels.severity as string);
  for (const severity of severities) expect(text.split('\n')[2]).toContain(severity);
  // Each alert that it names is one.
  const named = text.match(/\bInferometer[A-Z]\w+/g) ?? [];
  expect(named.filter((name) => !alerts.includes(name))).toEqual([]);
});

test('the list of runbooks has all of them', async () => {
  const list = await readFile(`${folder}README.md`, 'utf8');
  const listed = [...list.matchAll(/\((\w+)\.md\)/g)].map(([, name]) => name);
  expect(listed.sort()).toEqual(alerts);
});

describeWithParts('queries of rules and runbooks', ['prometheus'], () => {
  let prometheus: Prometheus;
  beforeAll(async () => {
    prometheus = await startPrometheus();
  });
  afterAll(() => prometheus[Symbol.asyncDispose]());

  test.each(alerts)('%s: they are PromQL, and of metrics that exist', async (alert) => {
    const queries = [...(await runbook(alert)).matchAll(/^```promql\n(.*?)^```$/gms)].map(
      ([, query]) => query as string,
    );
    expect(queries).not.toEqual([]);
    const exprs = alertRules().filter((rule) => rule.alert === alert);
    await expectKnown([...queries, ...exprs.map(({ expr }) => expr)]);
  });

  test('what is recorded is recorded from metrics that exist', async () => {
    await expectKnown(recordingRules().map(({ expr }) => expr));
  });

  test('a metric that does not exist is noticed', async () => {
    await expect(expectKnown(['rate(inference_request_duration_second_count[5m])'])).rejects.toThrow();
    await expect(expectKnown(['rate(inference_request_duration_seconds_count[5m]'])).rejects.toThrow();
  });

  async function expectKnown(queries: readonly string[]): Promise<void> {
    for (const query of queries) {
      const unknown = (await selectedMetrics(prometheus, query)).filter((name) => !isKnownMetric(name));
      expect({ query, unknown }).toEqual({ query, unknown: [] });
    }
  }
});

function runbook(alert: string): Promise<string> {
  return readFile(`${folder}${alert}.md`, 'utf8');
}
