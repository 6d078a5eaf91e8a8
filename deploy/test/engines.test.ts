import { readFileSync } from 'node:fs';
import {
  describeWithParts,
  type Prometheus,
  runProgram,
  startPrometheus,
  tempDir,
  waitFor,
} from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { collectorFile, startConfiguredCollector } from './live/collector.ts';
import {
  arrived,
  doubled,
  doubledExpected,
  engines,
  familiesOf,
  type MetricsServer,
  renamed,
  startMetricsServer,
} from './live/engines.ts';
import { queriesOf } from './live/panels.ts';

const agent = collectorFile('agent.yaml');

describeWithParts('collector/engines', ['otelcol', 'prometheus'], ({ otelcol }) => {
  test('each file is one that the Collector takes beside agent.yaml and gateway.yaml', async () => {
    for (const tier of [agent, collectorFile('gateway.yaml')]) {
      const files = engines.map(({ file }) => file);
      const args = ['validate', ...[tier, ...files].map((file) => `--config=${file}`)];
      const env = { COLLECTOR_METRICS_EXPORTER: 'debug' };
      const { code, stderr } = await runProgram(otelcol.path, args, { env });
      expect({ tier, code, stderr }).toEqual({ tier, code: 0, stderr: '' });
    }
  });

  test('each maps what its engine says to the metrics of the dashboards, now and when it has grown', async () => {
    await using live = await startMapping(engines.map(({ name, text }) => ({ engine: name, text })));
    const { prometheus, servers } = live;
    await live.scraped();
    const first: string[] = [];
    for (const [index, { expected }] of engines.entries()) {
      const text = await arrived(prometheus, (servers[index] as MetricsServer).host);
      first.push(text);
      await expect(text).toMatchFileSnapshot(expected);
    }
    for (const [index, { text }] of engines.entries()) servers[index]?.serve(doubled(text));
    for (const [index, { name }] of engines.entries()) {
      const wanted = numbersOf(doubledExpected(first[index] as string));
      const { host } = servers[index] as MetricsServer;
      const grown = async () => {
        expect(numbersOf(await arrived(prometheus, host))).toEqual(wanted);
        return true;
      };
      await waitFor(`the second scrape of ${name}`, grown, { timeoutMs: 60_000, intervalMs: 250 });
    }
    expect(live.output()).not.toMatch(/\terror\t/);

    // On the dashboards: of every family some panel has an answer for this engine.
    const hidden: string[] = [];
    for (const [index, { name }] of engines.entries()) {
      const { host } = servers[index] as MetricsServer;
      for (const family of familiesIn(first[index] as string)) {
        if (!(await isShown(prometheus, family, name, host))) hidden.push(`${family} of ${name}`);
      }
    }
    expect(hidden).toEqual([]);
  }, 180_000);

  test('none of what a file names can be renamed by its engine without a difference', async () => {
    const mutants = engines.flatMap(({ name, file, text, expected }) => {
      const configuration = readFileSync(file, 'utf8');
      const named = familiesOf(text).filter((family) => isNamed(configuration, family));
      return named.map((family) => ({ engine: name, text: renamed(text, family), family, expected }));
    });
    expect(mutants.length).toBeGreaterThan(engines.length * 3);
    await using live = await startMapping(mutants);
    await live.scraped();
    for (const [index, { engine, family, expected }] of mutants.entries()) {
      const { host } = live.servers[index] as MetricsServer;
      const found = numbersOf(await arrived(live.prometheus, host));
      const wanted = numbersOf(readFileSync(expected, 'utf8'));
      const missing = [...wanted].filter(([series, value]) => found.get(series) !== value);
      expect({ engine, family, missing: missing.length > 0 }).toEqual({ engine, family, missing: true });
    }
  }, 240_000);
});

/** Whether a configuration reads a family: by its name, or by a pattern for names. */
function isNamed(configuration: string, family: string): boolean {
  const names = [
    ...configuration.matchAll(/(?:metric\.name == |IsMatch\(metric\.name, )"([^"]+)"|include: (\S+)/g),
  ];
  return names.some(([, inStatement, included]) => {
    const name = (inStatement ?? included) as string;
    return name.startsWith('^') ? new RegExp(name.replaceAll('$$', '$')).test(family) : name === family;
  });
}

function familiesIn(series: string): string[] {
  const names = series.match(/^\w+/gm) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')))];
}

async function isShown(prometheus: Prometheus, family: string, job: string, host: string): Promise<boolean> {
  for (const query of queriesOf(family, job, host)) {
    if ((await prometheus.query(query)).some(({ value }) => Number.isFinite(value))) return true;
  }
  return false;
}

function numbersOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      // Sums of doubles come out in another order and with another last digit.
      return [line.slice(0, at), Number(Number(line.slice(at + 1)).toPrecision(12))];
    }),
  );
}

/** Engines that serve these texts, an agent that scrapes and maps them, and a Prometheus that it pushes to. */
async function startMapping(sources: readonly { readonly engine: string; readonly text: string }[]) {
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await tempDir('engines'));
  const prometheus = resources.use(await startPrometheus());
  const servers = await Promise.all(sources.map(({ text }) => startMetricsServer(text)));
  for (const server of servers) resources.use(server);
  const targets = engines.map(({ name, targetsVariable }) => {
    const hosts = servers.filter((_, index) => sources[index]?.engine === name).map(({ host }) => host);
    return [targetsVariable, JSON.stringify(hosts)];
  });
  const collector = resources.use(
    await startConfiguredCollector({
      files: [agent, ...engines.map(({ file }) => file)],
      env: {
        ...Object.fromEntries(targets),
        ENGINE_SCRAPE_INTERVAL: '2s',
        COLLECTOR_STORAGE: dir.file('queue'),
        COLLECTOR_METRICS_EXPORTER: 'otlp_http/metrics',
        COLLECTOR_METRICS_BACKEND: `${prometheus.url}/api/v1/otlp`,
      },
    }),
  );
  /** Resolves when every target's first scrape is in Prometheus: what a second one brings comes after it. */
  const scraped = async (): Promise<void> => {
    const query = `count(count_over_time(up[10m]) >= 2) == ${sources.length}`;
    await prometheus.waitForQuery(query, undefined, { timeoutMs: 90_000, intervalMs: 250 });
  };
  const owned = resources.move();
  return {
    prometheus,
    servers,
    scraped,
    output: collector.output,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
