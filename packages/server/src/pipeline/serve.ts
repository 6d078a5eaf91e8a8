import type { CacheOptions, ModelOptions } from '@inferometer/engine';
import { cacheDirOf } from '../models/cache-dir.ts';
import type { ModelSource } from '../models/spec.ts';
import type { ServeOptions } from '../options.ts';
import { serveModels } from '../serve.ts';
import type { Serving } from '../service.ts';
import { mountPipelines } from './mount.ts';
import type { Pipeline } from './pipeline.ts';

/** A server in code; what is not said is as `inferometer serve` has it. */
export interface ServeSettings {
  /** 0 takes a free one. @default 8080 */
  readonly port?: number;
  /** Address to listen on. @default 127.0.0.1 */
  readonly host?: string;
  /** A second port that serves /metrics alone. @default none */
  readonly metricsPort?: number;
  /** Pipelines by path, such as `/sentiment`. */
  // biome-ignore lint/suspicious/noExplicitAny: each has its own types of body and answer
  readonly pipelines?: Readonly<Record<string, Pipeline<any, any>>>;
  /** Directories of further models by name. @default none */
  readonly models?: Readonly<Record<string, string>>;
  /** How models are run, unless a pipeline says otherwise. */
  readonly options?: ModelOptions;
  /** Longest body of a pipeline or of tensors, bytes, integer >= 1. @default 64 MiB */
  readonly maxBodyBytes?: number;
  /** Keeps vectors and answers. @default nothing is cached */
  readonly cache?: CacheOptions;
  /** How long requests in flight may take after `stop`, ms. @default 10000 */
  readonly drainTimeoutMs?: number;
}

/**
 * Serves pipelines and models, with telemetry, /metrics, /profiling and the page.
 * @returns once all models are warm
 * @throws {InferometerError|RangeError} one line for what cannot be followed
 */
export async function serve(settings: ServeSettings): Promise<Serving> {
  const { pipelines = {}, models = {}, maxBodyBytes = 67_108_864 } = settings;
  const shared = { modelCacheDir: cacheDirOf(''), ...settings.options };
  const named: ModelSource[] = Object.entries(models).map(([name, path]) => ({ name, path }));
  const { mounted, sources } = mountPipelines(
    pipelines,
    named.map(({ name }) => name),
  );
  const all = [...named, ...sources].map((source) => ({
    ...source,
    options: { ...shared, ...source.options },
  }));
  if (all.length === 0) throw new RangeError('serve needs at least one of pipelines and models');
  const options: ServeOptions = {
    host: settings.host ?? '127.0.0.1',
    port: settings.port ?? 8080,
    metricsPort: settings.metricsPort,
    sources: { models: all, repositories: [] },
    pipelines: mounted,
    maxBodyBytes: Math.min(maxBodyBytes, 2_097_152),
    maxUploadBytes: maxBodyBytes,
    maxTensorBytes: maxBodyBytes,
    maxInputs: 2048,
    drainDelayMs: 0,
    drainTimeoutMs: settings.drainTimeoutMs ?? 10_000,
    cache: settings.cache,
    streamPingMs: 15_000,
    streamStallMs: 60_000,
  };
  return serveModels(options, async () => ({ options, config: undefined }));
}
