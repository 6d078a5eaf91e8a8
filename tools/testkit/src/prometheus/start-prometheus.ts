import { writeFile } from 'node:fs/promises';
import { withFreePorts } from '../free-port.ts';
import { type Handle, handleOf } from '../handle.ts';
import { requirePart } from '../parts/find-part.ts';
import { startProcess } from '../process/start-process.ts';
import { tempDir } from '../temp-dir.ts';
import { type PrometheusClient, prometheusClient } from './client.ts';

export interface ScrapeJob {
  readonly job: string;
  /** `127.0.0.1:9464`; of a URL the host is taken. */
  readonly targets: readonly string[];
  /** @default /metrics */
  readonly metricsPath?: string;
}

export interface PrometheusOptions {
  readonly scrape?: readonly ScrapeJob[];
  /** Absolute paths of rule files. */
  readonly ruleFiles?: readonly string[];
  /** The whole configuration, YAML, instead of one made of the two above. */
  readonly config?: string;
  readonly extraFlags?: readonly string[];
  /** Where it listens, for one that scrapes itself. @default a free port */
  readonly port?: number;
}

export interface Prometheus extends Handle, PrometheusClient {
  /** `http://127.0.0.1:9090`; the OTLP receiver is at `/api/v1/otlp`. */
  readonly url: string;
}

/**
 * A Prometheus that scrapes and evaluates every second, keeps native histograms beside the classic ones and stores
 * exemplars.
 * @throws {Error} if it does not start, with what it said about its configuration
 */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<Prometheus> {
  const { path } = requirePart('prometheus');
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await tempDir('prometheus'));
  // JSON is YAML.
  await writeFile(dir.file('prometheus.yml'), options.config ?? JSON.stringify(defaultConfig(options)));
  const [running, url] = await withFreePorts(1, async ([free]) => {
    const port = options.port ?? free;
    const address = `127.0.0.1:${port}`;
    const args = [
      `--config.file=${dir.file('prometheus.yml')}`,
      `--storage.tsdb.path=${dir.file('data')}`,
      `--web.listen-address=${address}`,
      '--enable-feature=exemplar-storage',
      '--web.enable-otlp-receiver',
      ...(options.extraFlags ?? []),
    ];
    const ready = { url: `http://${address}/-/ready` };
    return [await startProcess({ command: path, args, cwd: dir.path, ready }), `http://${address}`] as const;
  });
  resources.use(running);
  return { ...handleOf(running, resources.move()), ...prometheusClient(url), url };
}

function defaultConfig({ scrape = [], ruleFiles = [] }: PrometheusOptions): object {
  return {
    global: {
      scrape_interval: '1s',
      scrape_timeout: '1s',
      evaluation_interval: '1s',
      scrape_native_histograms: true,
      always_scrape_classic_histograms: true,
    },
    rule_files: ruleFiles,
    scrape_configs: scrape.map(({ job, targets, metricsPath = '/metrics' }) => ({
      job_name: job,
      metrics_path: metricsPath,
      static_configs: [{ targets: targets.map(hostOf) }],
    })),
  };
}

function hostOf(target: string): string {
  return target.includes('://') ? new URL(target).host : target;
}
