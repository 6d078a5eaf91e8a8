import { fileURLToPath } from 'node:url';
import {
  type Prometheus,
  type RunningProcess,
  startFakeNvml,
  startProcess,
  startPrometheus,
  withFreePorts,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { type ConfiguredCollector, startConfiguredCollector } from '../../../deploy/test/live/collector.ts';
import { loadFor, requestsPerRound, round, tokensPerRound } from '../../../deploy/test/live/load.ts';
import { type Service, startService } from '../../../deploy/test/live/service.ts';
import { ruleFiles } from './rule-files.ts';

/** How metrics come to Prometheus. */
export type Way = 'scrape' | 'otlp';

/** A service under load, its Collector, and a Prometheus for each way that metrics can take. */
export interface LiveSystem extends AsyncDisposable {
  readonly service: Service;
  readonly prometheus: Readonly<Record<Way, Prometheus>>;
  /** A Prometheus in which metrics have lost their names and labels: see `damage`. */
  readonly damaged: Prometheus;
  /** What was sent, as the sender knows it. */
  readonly sent: {
    readonly requestsPerSecond: number;
    readonly tokensPerSecond: number;
  };
  /** Moments within the load, seconds since the epoch, ascending; the last one is its end. */
  readonly timesS: readonly number[];
}

/** Samples, one a second, over which the load goes on. */
const enoughSamples = 16;

export const job = 'inferometer';
const gpuJob = 'on-a-gpu';

export async function startLiveSystem(): Promise<LiveSystem> {
  await using started = new AsyncDisposableStack();
  const collector = started.use(await startConfiguredCollector());
  const otlp = started.use(await startOtlpPrometheus(collector));
  const pushes = {
    OTEL_METRICS_EXPORTER: 'otlp,prometheus',
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${otlp.url}/api/v1/otlp/v1/metrics`,
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  };
  const gpu = started.use(await startFakeNvml(gpuScript));
  const app = started.use(await startGpuApp({ ...pushes, ...gpu.env }));
  const service = started.use(
    await startService(collector.url, {
      args: ['--cache-bytes', '100000000'],
      env: { ...pushes, OTEL_RESOURCE_ATTRIBUTES: asAttributes(kubernetesLabels) },
    }),
  );
  // Before the first scrape, so that no series begins in the midst of the load.
  await round(service.url);
  const scrape = started.use(await startScrapingPrometheus(service, app, collector));
  const damaged = started.use(await startScrapingPrometheus(service, app, collector, damage));
  const startS = Date.now() / 1000;
  const rounds = await loadFor(service.url, async () => {
    const seen = await Promise.all(
      [scrape, damaged, otlp].map((each) => each.query('count_over_time(inferometer_build_info[1m])')),
    );
    return seen.every(([count]) => (count?.value ?? 0) >= enoughSamples);
  });
  const endS = Date.now() / 1000;
  const stack = started.move();
  return {
    service,
    prometheus: { scrape, otlp },
    damaged,
    sent: {
      requestsPerSecond: (rounds * requestsPerRound) / (endS - startS),
      tokensPerSecond: (rounds * tokensPerRound) / (endS - startS),
    },
    timesS: [endS - 6, endS - 3, endS],
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What the GPU of the test has and draws, more or less: with these the panels are compared. */
export const gpuTruth = { watts: 350, bytes: 80 * 2 ** 30 } as const;

/** What the GPU says; most of it grows slowly, so that no line is straight. */
const gpuScript = [
  'devices 1',
  'driver 570.86.15',
  '0 name NVIDIA H100 80GB HBM3',
  '0 utilization 40+0.3/s 20',
  `0 memory ${gpuTruth.bytes} 0 ${gpuTruth.bytes / 4}+10000000/s`,
  // mW and mJ
  `0 power ${gpuTruth.watts * 1e3}+200/s`,
  `0 energy 1000000+${gpuTruth.watts * 1e3}/s`,
  '0 temperature 50+0.25/s',
  '0 sm_clock 1500+1/s',
  '0 memory_clock 2619',
  '0 pcie 1000+10/s 2000+10/s',
  '0 throttled 4',
  '0 throttle_supported 511',
  '0 ecc 1+1/s 0',
  '0 encoder 0',
  '0 decoder 0',
  '0 processes parent:1073741824+1000000/s',
  '',
].join('\n');

interface GpuApp extends RunningProcess {
  /** host:port of its metrics. */
  readonly metricsHost: string;
}

/** An application on that GPU, with telemetry by `--import`. */
function startGpuApp(env: Readonly<Record<string, string>>): Promise<GpuApp> {
  return withFreePorts(1, async ([port = 0]) => {
    const metricsHost = `127.0.0.1:${port}`;
    const running = await startProcess({
      name: 'on-a-gpu.mjs',
      command: process.execPath,
      args: [
        '--import',
        '@inferometer/sdk/register',
        fileURLToPath(new URL('apps/on-a-gpu.mjs', import.meta.url)),
      ],
      env: {
        ...withoutOwnSettings(),
        OTEL_SERVICE_NAME: gpuJob,
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
        OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
        INFEROMETER_GPU_INTERVAL_MS: '500',
        ...env,
      },
      ready: { output: /^working$/m, url: `http://${metricsHost}/metrics` },
      stopTimeoutMs: 6_000,
    });
    return { ...running, metricsHost };
  });
}

/** As the chart's Prometheus labels what it finds, and its Collector what Pods push. */
export const kubernetesLabels = { namespace: 'inference', pod: 'inferometer-5d9c7b6f48-x2lqk' } as const;

function asAttributes(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/** What the service could do to its dashboards: a gauge, a counter and a histogram renamed, and two labels left out. */
const damage: readonly object[] = [
  ...['inference_queue_depth', 'inference_tokens_total', 'inference_run_duration_seconds(_.+)?'].map(
    (name) => ({
      source_labels: ['__name__'],
      regex: `(${name})`,
      target_label: '__name__',
      replacement: 'renamed_$1',
    }),
  ),
  { action: 'labeldrop', regex: 'tenant|status' },
];

/** Scrapes both; and, as everywhere, the Collector and itself. */
function startScrapingPrometheus(
  service: Service,
  app: GpuApp,
  collector: ConfiguredCollector,
  metric_relabel_configs: readonly object[] = [],
): Promise<Prometheus> {
  return startSelfScraping([
    {
      job_name: job,
      static_configs: [{ targets: [service.host], labels: kubernetesLabels }],
      metric_relabel_configs,
    },
    { job_name: gpuJob, static_configs: [{ targets: [app.metricsHost] }], metric_relabel_configs },
    collectorJob(collector),
  ]);
}

/** Takes what the service pushes. */
function startOtlpPrometheus(collector: ConfiguredCollector): Promise<Prometheus> {
  return startSelfScraping([collectorJob(collector)]);
}

function collectorJob({ metricsHost }: ConfiguredCollector): object {
  return { job_name: 'otel-collector', static_configs: [{ targets: [metricsHost] }] };
}

/** A Prometheus that scrapes these and itself, and evaluates our rules, every second. */
function startSelfScraping(jobs: readonly object[]): Promise<Prometheus> {
  return withFreePorts(1, async ([port = 0]) => {
    const own = `127.0.0.1:${port}`;
    const config = {
      global: {
        scrape_interval: '1s',
        scrape_timeout: '1s',
        evaluation_interval: '1s',
        scrape_native_histograms: true,
        always_scrape_classic_histograms: true,
      },
      rule_files: ruleFiles,
      otlp: { promote_resource_attributes: Object.keys(kubernetesLabels) },
      scrape_configs: [...jobs, { job_name: 'prometheus', static_configs: [{ targets: [own] }] }],
    };
    return startPrometheus({ config: JSON.stringify(config), port });
  });
}
