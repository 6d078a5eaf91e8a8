import { type InferometerOptions, startInferometer } from '@inferometer/testkit';

/** `inferometer serve` with its own models, on a free port. */
export interface Service extends AsyncDisposable {
  /** `http://127.0.0.1:40001` */
  readonly url: string;
  /** `127.0.0.1:40001`, as a scrape target. */
  readonly host: string;
  /** Its /metrics now, by series: `inference_queue_depth{model="a"}`. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  /** Process id of its main process. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Inputs that may wait: few enough that one request can be too many, enough for the word lists at the start. */
export const maxQueue = 256;

/**
 * @param otlpUrl base URL of the Collector that gets the spans @default spans are not exported
 * @param further of `inferometer serve`, beside what makes it small
 */
export async function startService(otlpUrl?: string, further: InferometerOptions = {}): Promise<Service> {
  const running = await startInferometer({
    args: ['--executors', '1', '--threads', '1', '--max-queue', String(maxQueue), ...(further.args ?? [])],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, ...further.env },
  });
  const { url } = running;
  return {
    url,
    host: new URL(url).host,
    metrics: async () => parseMetrics(await (await fetch(`${url}/metrics`)).text()),
    pid: running.process.pid,
    stop: running.stop,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Prometheus' text format, one `series value` a line. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
