import { fileURLToPath } from 'node:url';
import { startProcess } from '@inferometer/testkit';

/** `inferometer serve` with its own models, on a free port. */
export interface Service extends AsyncDisposable {
  /** `http://127.0.0.1:40001` */
  readonly url: string;
  /** `127.0.0.1:40001`, as a scrape target. */
  readonly host: string;
  /** Its /metrics now, by series: `inference_queue_depth{model="a"}`. */
  metrics(): Promise<ReadonlyMap<string, number>>;
  stop(): Promise<void>;
}

/** Inputs that may wait: few enough that one request can be too many, enough for the word lists at the start. */
export const maxQueue = 256;

const program = fileURLToPath(new URL('../../../packages/server/bin/inferometer.js', import.meta.url));

/** @param otlpUrl base URL of the Collector that gets the spans @default spans are not exported */
export async function startService(otlpUrl?: string): Promise<Service> {
  const flags = ['--port', '0', '--metrics-port', 'off', '--executors', '1', '--threads', '1'];
  const running = await startProcess({
    name: 'inferometer',
    command: process.execPath,
    args: [program, 'serve', ...flags, '--max-queue', String(maxQueue)],
    env: { ...ownVariablesRemoved(), OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl },
    // Printed once the models are loaded and warm.
    ready: { output: /page\s+(http:\/\/[^\s/]+)\// },
    readyTimeoutMs: 90_000,
  });
  const url = running.match?.[1] as string;
  return {
    url,
    host: new URL(url).host,
    metrics: async () => parseMetrics(await (await fetch(`${url}/metrics`)).text()),
    stop: async () => void (await running.stop()),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** What the environment of whoever runs the tests says to the service is not what is tested. */
function ownVariablesRemoved(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => /^(OTEL|INFEROMETER)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
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
