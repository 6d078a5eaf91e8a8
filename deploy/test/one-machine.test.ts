import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  describeWithParts,
  freePort,
  type Prometheus,
  promtool,
  type Sample,
  startPrometheus,
  waitFor,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConfiguredCollector, collectorFile, startConfiguredCollector } from './live/collector.ts';
import { loadFor, requestsPerRound, round } from './live/load.ts';
import { readmeBlocks, readReadme } from './live/readme.ts';
import { type Service, startService } from './live/service.ts';

/** Scrapes, one a second, over which the load goes on. */
const scrapes = 5;

describeWithParts(
  'service, Collector and Prometheus on one machine',
  ['otelcol', 'prometheus', 'promtool'],
  () => {
    const running = new AsyncDisposableStack();
    let collector: ConfiguredCollector;
    let service: Service;
    let prometheus: Prometheus;

    beforeAll(async () => {
      collector = running.use(await startConfiguredCollector());
      service = running.use(await startService(collector.url));
      // Before the first scrape, so that every series has grown when it is first seen: Prometheus extrapolates a young
      // one no further back than to its zero, each to its own.
      for (let i = 0; i < 5; i++) await round(service.url);
      const port = await freePort();
      prometheus = running.use(
        await startPrometheus({
          config: await prometheusConfig(port),
          // Beside its own address, so that the file can name it.
          extraFlags: [
            `--web.listen-address=127.0.0.1:${port}`,
            '--enable-feature=created-timestamp-zero-ingestion',
          ],
        }),
      );
      await loadFor(service.url, async () => {
        const [seen] = await prometheus.query('min(count_over_time(up[5m]))');
        return (seen?.value ?? 0) >= scrapes;
      });
    }, 180_000);

    afterAll(() => running.disposeAsync());

    test('the file for Prometheus scrapes the service and the Collector', async () => {
      const targets = await prometheus.targets();
      expect(targets.map(({ job, health, lastError }) => ({ job, health, lastError }))).toEqual([
        { job: 'inferometer', health: 'up', lastError: '' },
        { job: 'otel-collector', health: 'up', lastError: '' },
        { job: 'prometheus', health: 'up', lastError: '' },
      ]);
      const { yaml } = (await prometheus.api('status/config')) as { yaml: string };
      for (const setting of ['scrape_native_histograms', 'always_scrape_classic_histograms']) {
        expect(yaml).toContain(`${setting}: true`);
      }
      expect(yaml).toContain('max_exemplars: 100000');
    });

    test('every query of the README has an answer', async () => {
      const queries = await readmeBlocks('promql');
      expect(queries.length).toBeGreaterThanOrEqual(8);
      for (const query of queries) {
        const values = (await prometheus.query(query)).map(({ value }) => value);
        expect({ query, finite: values.some(Number.isFinite) }).toEqual({ query, finite: true });
      }
    });

    test('every rule is evaluated, and counts what the load was', async () => {
      const { groups } = (await prometheus.api('rules')) as { groups: RuleGroup[] };
      const rules = groups.flatMap((group) => group.rules);
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
      const recorded = new Set(rules.filter(({ type }) => type === 'recording').map(({ name }) => name));
      for (const name of recorded) {
        const samples = await prometheus.waitForQuery(name);
        expect({ name, values: samples.filter(({ value }) => Number.isNaN(value)) }).toEqual({
          name,
          values: [],
        });
      }
      // Of twenty requests one is refused, and three are mistakes of clients that do not count.
      const [errors] = await prometheus.query(
        'sum(inference:requests_failed:rate5m) / sum(inference:requests_valid:rate5m)',
      );
      expect(errors?.value).toBeCloseTo(1 / 17, 2);
      // The generator is as fast as its first token.
      const [tokens] = await prometheus.query('inference:first_tokens:rate5m');
      const served = { job: 'inferometer', model: tokens?.metric.model as string };
      const [generated] = await prometheus.query(`inference:requests_served:rate5m{model="${served.model}"}`);
      expect(generated).toMatchObject({ metric: served, value: tokens?.value });
    });

    test('the shares of the phases add up to the whole', async () => {
      const query = (await readmeBlocks('promql')).find((text) =>
        text.includes('duration_seconds_sum[5m]))\n'),
      );
      const shares = await prometheus.query(query as string);
      expect(shares.map(({ metric }) => metric.phase)).toContain('run');
      expect(sum(shares)).toBeCloseTo(1, 2);
    });

    test('the Collector prints what it took, until it is given a backend', async () => {
      await waitFor('a round of spans', async () => {
        const printed = [...collector.output().matchAll(/Traces\s.*"spans": (\d+)/g)];
        return printed.reduce((all, [, spans]) => all + Number(spans), 0) > requestsPerRound;
      });
    });

    test("the Collector's own metrics are named as Prometheus expects", async () => {
      const text = await (await fetch(`http://${collector.metricsHost}/metrics`)).text();
      const { code, stdout, stderr } = await promtool(['check', 'metrics'], text);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    test('the README names variables, ports and files that are there', async () => {
      const readme = await readReadme();
      const files = ['config.yaml', 'agent.yaml', 'gateway.yaml'].map(collectorFile);
      const config = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
      const variables = new Set(readme.match(/COLLECTOR_[A-Z_]+/g));
      expect([...variables].filter((name) => !config.includes(`\${env:${name}:-`))).toEqual([]);
      for (const [, path] of readme.matchAll(/\]\((?!http)([^)]+)\)/g)) {
        await expect(readFile(new URL(`../${path}`, import.meta.url)).catch(isFolder)).resolves.toBeTruthy();
      }
    });

    /** prometheus.yml, with the ports of this test, scraping every second and evaluating as often. */
    async function prometheusConfig(port: number): Promise<string> {
      const text = await readFile(new URL('../prometheus/prometheus.yml', import.meta.url), 'utf8');
      const replacements = {
        "targets: ['127.0.0.1:9464']": `targets: ['${service.host}']`,
        "targets: ['127.0.0.1:8888']": `targets: ['${collector.metricsHost}']`,
        "targets: ['127.0.0.1:9090']": `targets: ['127.0.0.1:${port}']`,
        'rules/*.yaml': fileURLToPath(new URL('../prometheus/rules/*.yaml', import.meta.url)),
        'evaluation_interval: 15s': 'evaluation_interval: 1s',
        'scrape_interval: 5s': 'scrape_interval: 1s',
        'scrape_timeout: 4s': 'scrape_timeout: 1s',
      };
      return Object.entries(replacements).reduce((changed, [from, to]) => {
        expect(changed).toContain(from);
        return changed.replace(from, to);
      }, text);
    }
  },
);

interface RuleGroup {
  readonly rules: readonly {
    readonly name: string;
    readonly type: 'recording' | 'alerting';
    readonly health: string;
  }[];
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

function isFolder(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EISDIR';
}
