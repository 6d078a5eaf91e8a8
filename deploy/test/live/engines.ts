import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Prometheus, Sample } from '@inferometer/testkit';
import { collectorFile } from './collector.ts';

/** An engine with a file in deploy/collector/engines. */
export interface Engine {
  readonly name: string;
  /** Path of its configuration. */
  readonly file: string;
  /** The variable that names its addresses. */
  readonly targetsVariable: string;
  /** What it serves at /metrics. */
  readonly text: string;
  /** Path of what has to come of it, a series a line. */
  readonly expected: string;
}

/** All engines, by name. */
export const engines: readonly Engine[] = readdirSync(collectorFile('engines'))
  .map((file) => file.replace('.yaml', ''))
  .sort()
  .map((name) => ({
    name,
    file: collectorFile(`engines/${name}.yaml`),
    targetsVariable: `${name.toUpperCase()}_TARGETS`,
    text: readFileSync(engineFile(name, 'metrics.prom'), 'utf8'),
    expected: engineFile(name, 'expected.txt'),
  }));

function engineFile(name: string, file: string): string {
  return fileURLToPath(new URL(`../engines/${name}/${file}`, import.meta.url));
}

export interface MetricsServer extends AsyncDisposable {
  /** `127.0.0.1:40123`, as a scrape target. */
  readonly host: string;
  /** Serves another text from now on. */
  serve(text: string): void;
}

/** Serves a metrics text, as an engine does. */
export async function startMetricsServer(text: string): Promise<MetricsServer> {
  let current = text;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(current);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    host: `127.0.0.1:${address.port}`,
    serve: (next) => {
      current = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Every metric that grows has grown to double; gauges stay. */
export function doubled(text: string): string {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name, type]) => [name, type]));
  const grows = (series: string): boolean => {
    const name = series.replace(/\{.*/, '');
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count|total|created)$/, '');
    const type = types.get(family);
    if (type === undefined) throw new Error(`${name} has no type`);
    // The quantiles of a summary are gauges.
    return type === 'counter' || type === 'histogram' || (type === 'summary' && name !== family);
  };
  return mapSeries(text, (series, value) => (grows(series) ? value * 2 : value));
}

/** The same of what is expected: gauges have none of these endings. */
export function doubledExpected(text: string): string {
  return mapSeries(text, (series, value) =>
    /^\w+_(bucket|sum|count|total)\{/.test(series) ? value * 2 : value,
  );
}

function mapSeries(text: string, value: (series: string, value: number) => number): string {
  const lines = text.split('\n').map((line) => {
    const match = /^([^#].*) (\S+)$/.exec(line);
    return match ? `${match[1]} ${value(match[1] as string, Number(match[2]))}` : line;
  });
  return lines.join('\n');
}

/** The names of a text's families that have series. */
export function familiesOf(text: string): string[] {
  const names = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string));
  return [...names].filter((name) => new RegExp(`^${name}(_bucket|_sum|_count|_total)?[{ ]`, 'm').test(text));
}

/** The text with one family under another name. */
export function renamed(text: string, family: string): string {
  return text.replaceAll(
    new RegExp(`^(# TYPE |# HELP |)${family}(?=(_bucket|_sum|_count)?[{ ])`, 'gm'),
    `$1renamed_${family}`,
  );
}

/** What has arrived of one target: a series a line, sorted; nothing of the scrape itself. */
export async function arrived(prometheus: Prometheus, instance: string): Promise<string> {
  const samples = await prometheus.query(
    `{__name__=~"inference_.*|gen_ai_.*|hw_.*", instance="${instance}"}`,
  );
  return `${samples.map(lineOf).sort().join('\n')}\n`;
}

const ofTheTarget = new Set(['__name__', 'job', 'instance', 'otel_scope_name', 'otel_scope_version']);

function lineOf({ metric, value }: Sample): string {
  const labels = Object.entries(metric)
    .filter(([name]) => !ofTheTarget.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `${name}="${text}"`);
  return `${metric.__name__}{${labels.join(',')}} ${value}`;
}
