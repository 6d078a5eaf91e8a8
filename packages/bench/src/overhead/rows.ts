import { fileURLToPath } from 'node:url';
import type { Rival } from './rivals.ts';

/** What every row's environment is made of. */
export interface RowSetting {
  /** OTLP endpoint of this row. */
  readonly endpoint: string;
  readonly metricsPort: number;
  readonly protocol: 'http/json' | 'http/protobuf';
}

/** One way to have, or not to have, telemetry in the same app. */
export interface Row {
  readonly name: string;
  /** Module of `overhead-apps/telemetry/`. */
  readonly telemetry: 'none' | 'inferometer' | 'opentelemetry' | 'prom-client';
  /** Where its packages come from. */
  readonly from: 'workspace' | Rival;
  readonly execArgv: readonly string[];
  readonly env: (setting: RowSetting) => Readonly<Record<string, string>>;
  /** Whether each request must become a root span and eight phase spans at the sink. */
  readonly spans: boolean;
  /** Where its histograms are read: on a port of its own, on the app's, or nowhere. */
  readonly metrics: 'own port' | 'app' | undefined;
}

/** The same for all, as the specification names it. */
const telemetryEnv = (setting: RowSetting): Record<string, string> => ({
  OTEL_SERVICE_NAME: 'bench-overhead',
  OTEL_EXPORTER_OTLP_ENDPOINT: setting.endpoint,
  OTEL_EXPORTER_OTLP_PROTOCOL: setting.protocol,
  OTEL_TRACES_EXPORTER: 'otlp',
  // A queue in which nothing is dropped: whoever drops spans would look cheap.
  OTEL_BSP_MAX_QUEUE_SIZE: '1000000',
  OTEL_BSP_SCHEDULE_DELAY: '500',
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
  OTEL_EXPORTER_PROMETHEUS_PORT: String(setting.metricsPort),
  OTEL_LOGS_EXPORTER: 'none',
});

const rivalEnv = (setting: RowSetting): Record<string, string> => ({
  ...telemetryEnv(setting),
  // Detectors of clouds would look for theirs, and spans wait for them.
  OTEL_NODE_RESOURCE_DETECTORS: 'env,host,os,process',
});

const inferometerEnv = (setting: RowSetting): Record<string, string> => ({
  ...telemetryEnv(setting),
  // Every trace, and as many a second as there are.
  INFEROMETER_TRACES_RATIO: '1',
  INFEROMETER_TRACES_PER_SECOND: '0',
  // An application that runs without telemetry after all must not be measured.
  INFEROMETER_STRICT: 'true',
});

const none = { spans: false, metrics: undefined, env: () => ({}) } as const;
const withSpans = { spans: true, metrics: 'own port' } as const;

export const rows: readonly Row[] = [
  { name: 'bare', telemetry: 'none', from: 'workspace', execArgv: [], ...none },
  {
    name: 'disabled',
    telemetry: 'inferometer',
    from: 'workspace',
    execArgv: ['--import', '@inferometer/sdk/register'],
    ...none,
    env: (setting) => ({ ...inferometerEnv(setting), INFEROMETER_ENABLED: 'false' }),
  },
  {
    name: 'ours',
    telemetry: 'inferometer',
    from: 'workspace',
    execArgv: ['--import', '@inferometer/sdk/register'],
    ...withSpans,
    env: inferometerEnv,
  },
  {
    name: 'stock',
    telemetry: 'opentelemetry',
    from: 'stock',
    execArgv: ['--import', appFile('stock-sdk.mjs')],
    ...withSpans,
    env: rivalEnv,
  },
  {
    name: 'auto-instrumentations-node',
    telemetry: 'opentelemetry',
    from: 'auto-instrumentations-node',
    execArgv: ['--import', '@opentelemetry/auto-instrumentations-node/register'],
    ...withSpans,
    env: rivalEnv,
  },
  {
    name: 'elastic',
    telemetry: 'opentelemetry',
    from: 'elastic',
    execArgv: ['--import', '@elastic/opentelemetry-node'],
    ...withSpans,
    env: rivalEnv,
  },
  {
    name: 'express-prom-bundle',
    telemetry: 'prom-client',
    from: 'express-prom-bundle',
    execArgv: [],
    ...none,
    metrics: 'app',
  },
];

/** Absolute path of a file of `overhead-apps/`. */
export function appFile(name: string): string {
  return fileURLToPath(new URL(`../../overhead-apps/${name}`, import.meta.url));
}
