/** What the tests of the whole pipeline share: the application as a process of its own, and how to read what it shows. */
import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess, waitFor, withoutOwnSettings } from '@inferometer/testkit';
import { type ParsedSample, type ParsedText, parseExposition } from './exposition-parse.ts';

export interface AppOptions {
  /** Its file in `apps/`. @default pipeline-app.mjs */
  readonly file?: string;
  /** Added to an environment without the tester's own settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of node beside `--import @inferometer/sdk/register`, before it. @default none */
  readonly nodeArgs?: readonly string[];
}

export interface App extends AsyncDisposable {
  readonly process: RunningProcess;
  /** `http://127.0.0.1:40123` */
  readonly url: string;
  /** `http://127.0.0.1:40124`, without a path. */
  readonly metricsUrl: string;
  /** Sends a request to its end. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string): Promise<Response>;
  /** One scrape, read. Text unless `accept` says otherwise; the protobuf format cannot be read so. */
  scrape(accept?: string): Promise<ParsedText>;
  /**
   * A scrape that counts so many requests: one has ended when its answer has left, which the client may know first.
   * @throws {Error} if there are more, or not in time
   */
  scrapeOf(requests: number): Promise<ParsedText>;
  stop(): Promise<void>;
}

export const accepts = {
  text: 'text/plain;version=0.0.4',
  openmetrics: 'application/openmetrics-text;version=1.0.0',
  protobuf: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
} as const;

/** An app of `apps/` with telemetry by `--import`, its metrics port open. */
export async function startApp(options: AppOptions = {}): Promise<App> {
  const { file = 'pipeline-app.mjs', nodeArgs = [], env = {} } = options;
  const running = await startProcess({
    name: file,
    command: 'node',
    args: [
      ...nodeArgs,
      '--import',
      '@inferometer/sdk/register',
      fileURLToPath(new URL(`apps/${file}`, import.meta.url)),
    ],
    env: {
      ...withoutOwnSettings(),
      OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
      OTEL_SERVICE_NAME: 'pipeline',
      ...env,
    },
    ready: { output: /^listening on (\d+)$/m },
    stopTimeoutMs: 6_000,
  });
  const [, metricsUrl] = await running.waitForOutput(
    /metrics (http:\S+)\/metrics|metrics port not open|no metrics port/,
  );
  const url = `http://127.0.0.1:${running.match?.[1]}`;
  const ended = async (response: Response): Promise<Response> => {
    const body = await response.arrayBuffer();
    return new Response(body, response);
  };
  const stop = async (): Promise<void> => void (await running.stop());
  const scrape = async (accept: string = accepts.text): Promise<ParsedText> => {
    const response = await fetch(`${metricsUrl}/metrics`, { headers: { accept } });
    return parseExposition(await response.text());
  };
  return {
    process: running,
    url,
    metricsUrl: metricsUrl ?? '',
    get: async (path, headers = {}) => ended(await fetch(url + path, { headers })),
    post: async (path) => ended(await fetch(url + path, { method: 'POST' })),
    scrape,
    scrapeOf: (requests) =>
      waitFor(`${requests} requests to be counted`, async () => {
        const text = await scrape();
        const counted = totalOf(text, 'inference_request_duration_seconds_count') ?? 0;
        return counted === requests ? text : undefined;
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Sends `count` requests, so many at a time. @returns the time that each took, ms */
export async function load(
  count: number,
  atATime: number,
  send: (i: number) => Promise<Response>,
): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      while (next < count) {
        const i = next++;
        const start = performance.now();
        await send(i);
        times.push(performance.now() - start);
      }
    }),
  );
  return times;
}

/** The samples of a name that have these labels, and perhaps others. */
export function samplesOf(
  text: ParsedText,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): ParsedSample[] {
  return text.samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
}

/** The sum of the values of `samplesOf`; undefined if there is none. */
export function totalOf(
  text: ParsedText,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const samples = samplesOf(text, name, labels);
  return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0);
}
