import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { METRIC } from '@inferometer/core';
import { readConfig } from '@inferometer/sdk';
import { startProcess, waitFor, withoutOwnSettings } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { otelVariables, otherVariables, ownVariables } from '../src/config/variables.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${folder}/README.md`, 'utf8');

function block(language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(readme)?.[1];
  if (found === undefined) throw new Error(`no block of ${language}`);
  return found;
}

test('the example prints what it says', async () => {
  const lines = block('console').trimEnd().split('\n');
  const printed = lines.filter((line) => !line.startsWith('$ '));
  expect(lines[0]).toMatch(/^\$ OTEL_EXPORTER_OTLP_ENDPOINT=(\S+) node --import (\S+) app\.mjs$/);
  const [, endpoint = '', register = ''] =
    /ENDPOINT=(\S+) node --import (\S+)/.exec(lines[0] as string) ?? [];
  await using app = await startProcess({
    command: 'node',
    // By its port, which the example does not print.
    args: ['--import', register, '--input-type=module', '--eval', `${block('js')}${tellPort}`],
    cwd: folder,
    env: {
      ...withoutOwnSettings(),
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
      INFEROMETER_SHUTDOWN_LIMIT_MS: '0',
      PORT: '0',
    },
    ready: { output: /^port (\d+)$/m },
  });
  const [line, metricsPort = ''] = await app.waitForOutput(/^inferometer .*:(\d+)\/metrics.*$/m);
  const answer = await (await fetch(`http://127.0.0.1:${app.match?.[1]}/embed/three-short-words`)).text();
  // A request has ended when its answer has left, which the client may know first.
  const metrics = await waitFor('the request to be counted', async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return text.includes('phase_duration_seconds_count') ? text : undefined;
  });
  expect([
    line.replace(`:${metricsPort}/`, ':9464/'),
    answer,
    ...metrics.split('\n').filter((one) => one.includes('phase_duration_seconds_count')),
  ]).toEqual(printed);
});

const tellPort = `
import { Server } from 'node:http';
const server = process._getActiveHandles().find((handle) => handle instanceof Server);
process.stdout.write(\`port \${server.address().port}\\n\`);
`;

/** Variable and default of each row. */
function rows(): Map<string, string> {
  const found = [...readme.matchAll(/^\| `((?:INFEROMETER|OTEL)_\w+)` \| (.*?) \|/gm)];
  return new Map(found.map(([, name = '', value = '']) => [name, value]));
}

test('the table of variables has those that are read, with their defaults', () => {
  const base = readConfig({});
  // With both exporters on, so that their settings have values.
  const all = readConfig({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'prometheus,otlp' });
  const expected = new Map<string, string>();
  for (const { name, value } of [...ownVariables, ...otelVariables]) {
    const shown = value(base) ?? value(all);
    // Each signal's own are told beside the one of all.
    const common = name.replace(/^(OTEL_EXPORTER_OTLP)_(?:TRACES|METRICS)_(?!TEMP|DEFAULT)/, '$1_');
    const text = String(shown).replace(/^(http:.*)\/v1\/\w+$/, '$1');
    expected.set(common, shown === undefined ? '–' : `\`${text}\``);
  }
  for (const name of otherVariables) {
    // Of a recorder, which is not in this package.
    if (!name.startsWith('INFEROMETER_PROFILE_')) expected.set(name, '–');
  }
  expect(Object.fromEntries(rows())).toEqual(Object.fromEntries(expected));
  for (const { alsoFrom = [] } of [...ownVariables, ...otelVariables]) {
    for (const name of alsoFrom) expect(readme).toContain(name);
  }
});

test('the families of the table are families', () => {
  const named = [...readme.matchAll(/`((?:inference|inferometer|gen_ai|http_server)_\w+)`/g)].map(
    ([, name = '']) => name,
  );
  const labels = new Set(['gen_ai_request_model', 'inference_device']);
  const known = new Set<string>([
    ...Object.values(METRIC),
    'inferometer_label_values_folded_total',
    'inferometer_series_refused_total',
  ]);
  expect(named.filter((name) => !known.has(name) && !labels.has(name))).toEqual([]);
  expect(named.length).toBeGreaterThan(20);
});
