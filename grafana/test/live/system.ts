import { fileURLToPath } from 'node:url';
import { type Prometheus, startPrometheus, withFreePorts } from '@inferometer/testkit';
import { type ConfiguredCollector, startConfiguredCollector } from '../../../deploy/test/live/collector.ts';
import { loadFor, requestsPerRound, round, tokensPerRound } from '../../../deploy/test/live/load.ts';
import { type Service, startService } from '../../../deploy/test/live/service.ts';

/** The rules that are loaded into every Prometheus here. */
export const ruleFiles: readonly string[] = ['recording', 'alerts'].map((name) =>
  fileURLToPath(new URL(`../../../deploy/prometheus/rules/inferometer-${name}.yaml`, import.meta.url)),
);

/** How metrics come to Prometheus. */
export type Way = 'scrape' | 'otlp';

/** A service under load, its Collector, and a Prometheus for each way that metrics can take. */
export interface LiveSystem extends AsyncDisposable {
  readonly service: Service;
  readonly prometheus: Readonly<Record<Way, Prometheus>>;
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

export async function startLiveSystem(): Promise<LiveSystem> {
  await using started = new AsyncDisposableStack();
  const collector = started.use(await startConfiguredCollector());
  const otlp = started.use(await startOtlpPrometheus(collector));
  const service = started.use(
    await startService(collector.url, {
      args: ['--cache-bytes', '100000000'],
      env: {
        OTEL_METRICS_EXPORTER: 'otlp,prometheus',
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${otlp.url}/api/v1/otlp/v1/metrics`,
        OTEL_METRIC_EXPORT_INTERVAL: '1000',
      },
    }),
  );
  // Before the first scrape, so that no series begins in the midst of the load.
  await round(service.url);
  const scrape = started.use(await startScrapingPrometheus(service, collector));
  const startS = Date.now() / 1000;
  const rounds = await loadFor(service.url, async () => {
    const seen = await Promise.all(
      [scrape, otlp].map((each) => each.query('count_over_time(inferometer_build_info[1m])')),
    );
    return seen.every(([count]) => (count?.value ?? 0) >= enoughSamples);
  });
  const endS = Date.now() / 1000;
  const stack = started.move();
  return {
    service,
    prometheus: { scrape, otlp },
    sent: {
      requestsPerSecond: (rounds * requestsPerRound) / (endS - startS),
      tokensPerSecond: (rounds * tokensPerRound) / (endS - startS),
    },
    timesS: [endS - 6, endS - 3, endS],
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Scrapes the service; and, as everywhere, the Collector and itself. */
function startScrapingPrometheus(service: Service, collector: ConfiguredCollector): Promise<Prometheus> {
  return startSelfScraping([
    { job_name: job, static_configs: [{ targets: [service.host] }] },
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
      scrape_configs: [...jobs, { job_name: 'prometheus', static_configs: [{ targets: [own] }] }],
    };
    return startPrometheus({ config: JSON.stringify(config), port });
  });
}
