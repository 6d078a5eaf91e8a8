import { readFileSync } from 'node:fs';
import { describeWithParts, runProgram, startPrometheus, tempDir, waitFor } from '@inferometer/testkit';
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
    const first: string[] = [];
    for (const [index, { name, expected }] of engines.entries()) {
      const { host } = servers[index] as MetricsServer;
      await prometheus.waitForQuery(`up{job="${name}",instance="${host}"} == 1`, undefined, {
        timeoutMs: 60_000,
      });
      const text = await waitFor(`series of ${name}`, async () => {
        const found = await arrived(prometheus, host);
        return found.length > 1 && found;
      });
      first.push(text);
      await expect(text).toMatchFileSnapshot(expected);
    }
    for (const [index, { text }] of engines.entries()) servers[index]?.serve(doubled(text));
    for (const [index, { name }] of engines.entries()) {
      const wanted = numbersOf(doubledExpected(first[index] as string));
      const { host } = servers[index] as MetricsServer;
      await waitFor(`the second scrape of ${name}`, async () => {
        expect(numbersOf(await arrived(prometheus, host))).toEqual(wanted);
        return true;
      });
    }
    expect(live.output()).not.toMatch(/\terror\t/);
  }, 180_000);

  test('none of what a file names can be renamed by its engine without a difference', async () => {
    const mutants = engines.flatMap(({ name, file, text, expected }) => {
      const configuration = readFileSync(file, 'utf8');
      const named = familiesOf(text).filter((family) => isNamed(configuration, family));
      return named.map((family) => ({ engine: name, text: renamed(text, family), family, expected }));
    });
    expect(mutants.length).toBeGreaterThan(engines.length * 3);
    await using live = await startMapping(mutants);
    for (const [index, { engine, family, expected }] of mutants.entries()) {
      const { host } = live.servers[index] as MetricsServer;
      await live.prometheus.waitForQuery(`up{job="${engine}",instance="${host}"} == 1`, undefined, {
        timeoutMs: 60_000,
      });
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
  const owned = resources.move();
  return { prometheus, servers, output: collector.output, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
