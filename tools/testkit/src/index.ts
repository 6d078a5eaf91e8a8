export { type Answer, ask, type Question } from './ask.ts';
export { type CollectorPlaces, defaultCollectorConfig } from './collector/config.ts';
export type { CollectedPoint } from './collector/metrics.ts';
export type { Attributes, AttributeValue } from './collector/otlp-json.ts';
export type { CollectedSpan, SpanKind } from './collector/spans.ts';
export { type Collector, type CollectorOptions, startCollector } from './collector/start-collector.ts';
export { buildFakeNvml, buildOldNvml, type FakeNvml, startFakeNvml } from './fake-nvml.ts';
export { freePort, freePorts, withFreePorts } from './free-port.ts';
export type { Handle } from './handle.ts';
export { type HelmOptions, helm } from './kubernetes/helm.ts';
export type { ApiRequest, ApiResponse } from './kubernetes/request.ts';
export { type ApiServer, type ApiServerOptions, startApiServer } from './kubernetes/start-api-server.ts';
export { type Etcd, startEtcd } from './kubernetes/start-etcd.ts';
export { launchChromium } from './launch-chromium.ts';
export { describeWithParts, judge, type Verdict } from './parts/describe-with-parts.ts';
export { findPart, howToGet, missingParts, type Part, requirePart } from './parts/find-part.ts';
export { isCi } from './parts/is-ci.ts';
export { type PartName, partNames } from './parts/table.ts';
export type { Ready } from './process/ready.ts';
export { type RunOptions, type RunResult, runProgram } from './process/run-program.ts';
export type { ExitStatus, SpawnOptions } from './process/spawn-program.ts';
export { type ProcessOptions, type RunningProcess, startProcess } from './process/start-process.ts';
export type { Exemplar, PrometheusClient, QueryRange, ScrapeTarget } from './prometheus/client.ts';
export { promtool } from './prometheus/promtool.ts';
export type { NativeHistogram, Sample, SampleSeries } from './prometheus/samples.ts';
export {
  type Prometheus,
  type PrometheusOptions,
  type ScrapeJob,
  startPrometheus,
} from './prometheus/start-prometheus.ts';
export { python } from './python.ts';
export { runReadmeExample } from './run-readme-example.ts';
export {
  type Inferometer,
  type InferometerOptions,
  inferometerProgram,
  startInferometer,
  withoutOwnSettings,
} from './start-inferometer.ts';
export { type Postgres, startPostgres } from './start-postgres.ts';
export { type Redis, type RedisOptions, startRedis } from './start-redis.ts';
export { type TempDir, tempDir } from './temp-dir.ts';
export { messageOf, type WaitOptions, waitFor } from './wait-for.ts';
