import { readFile, writeFile } from 'node:fs/promises';
import { withFreePorts } from '../free-port.ts';
import { type Handle, handleOf } from '../handle.ts';
import { requirePart } from '../parts/find-part.ts';
import { startProcess } from '../process/start-process.ts';
import { tempDir } from '../temp-dir.ts';
import { type WaitOptions, waitFor } from '../wait-for.ts';
import { type CollectorPlaces, defaultCollectorConfig } from './config.ts';
import { type CollectedPoint, parseMetrics } from './metrics.ts';
import { type CollectedSpan, parseSpans } from './spans.ts';

export interface CollectorOptions {
  /**
   * Configurations, YAML, of which a later one overrides what an earlier one says. `(places) => [text,
   * defaultCollectorConfig(places)]` keeps the pipelines' processors of a text and redirects its ends to the test.
   * @default receives OTLP, writes spans, metrics and logs to files
   */
  readonly config?: string | ((places: CollectorPlaces) => string | readonly string[]);
  /** Ports to listen on, e.g. those of a Collector that was stopped. @default free ones */
  readonly ports?: { readonly http: number; readonly grpc: number };
}

export interface Collector extends Handle {
  /** OTLP/HTTP: `http://127.0.0.1:4318`, to which exporters add `/v1/traces`. */
  readonly url: string;
  /** OTLP/gRPC: `http://127.0.0.1:4317`. */
  readonly grpcUrl: string;
  readonly ports: { readonly http: number; readonly grpc: number };
  /** All spans so far, in the order of arrival. */
  spans(): Promise<CollectedSpan[]>;
  /** The spans as soon as they satisfy the predicate. */
  waitForSpans(
    predicate: (spans: readonly CollectedSpan[]) => boolean,
    options?: WaitOptions,
  ): Promise<CollectedSpan[]>;
  /** All data points so far, in the order of arrival. */
  metrics(): Promise<CollectedPoint[]>;
  waitForMetrics(
    predicate: (points: readonly CollectedPoint[]) => boolean,
    options?: WaitOptions,
  ): Promise<CollectedPoint[]>;
}

/** An OpenTelemetry Collector. @throws {Error} if it does not start, with what it said about its configuration */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const { path } = requirePart('otelcol');
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await tempDir('otelcol'));
  const [running, ports] = await withFreePorts(3, async ([http = 0, grpc = 0, health = 0]) => {
    const ports = options.ports ?? { http, grpc };
    const places: CollectorPlaces = {
      http: `127.0.0.1:${ports.http}`,
      grpc: `127.0.0.1:${ports.grpc}`,
      health: `127.0.0.1:${health}`,
      file: dir.file,
    };
    const { config = defaultCollectorConfig } = options;
    const texts = [typeof config === 'string' ? config : config(places)].flat();
    const files = texts.map((_, index) => dir.file(`config-${index}.yaml`));
    await Promise.all(texts.map((text, index) => writeFile(files[index] as string, text)));
    const args = files.map((file) => `--config=${file}`);
    // Printed once all of its components run, also if a configuration of the test's own has no health extension.
    const printed = { output: /Everything is ready/ };
    const ready = options.config === undefined ? { ...printed, url: `http://${places.health}/` } : printed;
    return [await startProcess({ command: path, args, cwd: dir.path, ready }), ports] as const;
  });
  resources.use(running);
  const read = (name: string) => readFile(dir.file(name), 'utf8').catch(emptyIfMissing);
  const collector: Collector = {
    ...handleOf(running, resources.move()),
    url: `http://127.0.0.1:${ports.http}`,
    grpcUrl: `http://127.0.0.1:${ports.grpc}`,
    ports,
    spans: async () => parseSpans(await read('spans.jsonl')),
    metrics: async () => parseMetrics(await read('metrics.jsonl')),
    waitForSpans: (predicate, wait) =>
      collected('spans', collector.spans, predicate, ({ name }) => name, wait),
    waitForMetrics: (predicate, wait) =>
      collected('metrics', collector.metrics, predicate, ({ name }) => name, wait),
  };
  return collector;
}

async function collected<T>(
  what: string,
  read: () => Promise<T[]>,
  predicate: (items: readonly T[]) => boolean,
  nameOf: (item: T) => string,
  options?: WaitOptions,
): Promise<T[]> {
  let last: T[] = [];
  const satisfied = async () => {
    last = await read();
    return predicate(last) ? last : undefined;
  };
  try {
    return await waitFor(`fitting ${what} at the Collector`, satisfied, options);
  } catch (cause) {
    const names = [...new Set(last.map(nameOf))].join(', ');
    throw new Error(`${(cause as Error).message}; it has ${last.length}: ${names}`, { cause });
  }
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
