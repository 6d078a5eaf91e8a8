import type { CacheOptions, ModelOptions } from '@inferometer/engine';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type CacheFlags, cacheFlags, cacheOptionsOf } from './cache-options.ts';
import { modelFlags, modelOptionsOf } from './model-flags.ts';
import { cacheDirOf } from './models/cache-dir.ts';
import { type ModelSource, type ModelSources, parseModelSource } from './models/spec.ts';
import type { MountedPipeline } from './pipeline/route.ts';

/** What `inferometer serve` was asked for. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** undefined when off. */
  readonly metricsPort: number | undefined;
  /** Models with all their options. */
  readonly sources: ModelSources;
  /** undefined when nothing is cached. */
  readonly cache: CacheOptions | undefined;
  /** @default none */
  readonly pipelines?: readonly MountedPipeline[];
  readonly maxBodyBytes: number;
  readonly maxUploadBytes: number;
  readonly maxTensorBytes: number;
  readonly maxInputs: number;
  /** For how long new requests are still taken after SIGTERM, while readiness says no, ms. */
  readonly drainDelayMs: number;
  /** How long requests in flight may take after that, ms. */
  readonly drainTimeoutMs: number;
  /** A comment is sent on a stream after so long without an event, ms. */
  readonly streamPingMs: number;
  /** How long the reader of a stream may take nothing, ms. */
  readonly streamStallMs: number;
}

/** The flags as commander gives them. */
export interface Flags extends CacheFlags {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number | 'off';
  readonly config?: string;
  readonly model: readonly ModelSource[];
  readonly models: readonly string[];
  readonly modelCache: string;
  readonly maxBody: number;
  readonly maxUpload: number;
  readonly maxTensorBody: number;
  readonly maxInputs: number;
  readonly drainDelay: number;
  readonly drainTimeout: number;
  readonly streamPing: number;
  readonly streamStall: number;
}

/** Declares `serve`; every flag can be set by an INFEROMETER_ variable too, and most in the configuration file. */
export function serveCommand(run: (command: Command) => Promise<void>): Command {
  const least1 = integer(1, Number.MAX_SAFE_INTEGER);
  const command = new Command('serve')
    .description(
      'serve models over HTTP: OpenAI, TEI and nickname endpoints, /metrics, /profiling and a page',
    )
    .addOption(
      new Option(
        '-c, --config <file>',
        'settings and models; flags and variables win over it (default: inferometer.yaml, if it is there)',
      ).env('INFEROMETER_CONFIG'),
    )
    .addOption(
      new Option(
        '-m, --model <NAME=DIR>',
        'a model directory to serve, or one of its versions, NAME@VERSION=DIR, or variants, NAME:int8=DIR; may be repeated (default: the nickname models)',
      )
        .argParser(collectModel)
        .default([], ''),
    )
    .addOption(
      new Option('--models <DIR>', 'a directory of models, each a folder or one of numbered versions')
        .env('INFEROMETER_MODELS')
        .argParser((text, before: readonly string[]) => [...before, text])
        .default([], ''),
    )
    .addOption(
      new Option('--model-cache <DIR|off>', 'where optimised graphs are kept for the next start')
        .env('INFEROMETER_MODEL_CACHE')
        .default('', '~/.cache/inferometer/models'),
    )
    .addOption(
      new Option('-p, --port <n>', 'port')
        .env('INFEROMETER_PORT')
        .default(8080)
        .argParser(integer(0, 65_535)),
    )
    .addOption(
      new Option('--host <address>', 'address to listen on').env('INFEROMETER_HOST').default('127.0.0.1'),
    )
    .addOption(
      new Option('--metrics-port <n|off>', 'a second port that serves /metrics alone')
        .env('INFEROMETER_METRICS_PORT')
        .default(9464)
        .argParser((text) => (text === 'off' ? 'off' : integer(0, 65_535)(text))),
    );
  for (const flag of [...modelFlags, ...cacheFlags]) command.addOption(flag);
  return command
    .addOption(
      new Option('--max-inputs <n>', 'inputs in one request')
        .env('INFEROMETER_MAX_INPUTS')
        .default(2048)
        .argParser(least1),
    )
    .addOption(
      new Option('--max-body <bytes>', 'longest request body')
        .env('INFEROMETER_MAX_BODY')
        .default(2_097_152)
        .argParser(least1),
    )
    .addOption(
      new Option('--max-upload <bytes>', 'longest uploaded file')
        .env('INFEROMETER_MAX_UPLOAD')
        .default(67_108_864)
        .argParser(least1),
    )
    .addOption(
      new Option('--max-tensor-body <bytes>', 'longest request body of tensors (/v2)')
        .env('INFEROMETER_MAX_TENSOR_BODY')
        .default(67_108_864)
        .argParser(least1),
    )
    .addOption(
      new Option(
        '--drain-delay <ms>',
        'how long requests are still taken after SIGTERM, while /readyz says no and balancers look elsewhere',
      )
        .env('INFEROMETER_DRAIN_DELAY')
        .default(0)
        .argParser(integer(0, 3_600_000)),
    )
    .addOption(
      new Option('--drain-timeout <ms>', 'how long requests in flight may take after that')
        .env('INFEROMETER_DRAIN_TIMEOUT')
        .default(10_000)
        .argParser(integer(0, 3_600_000)),
    )
    .addOption(
      new Option('--stream-ping <ms>', 'a comment on a stream after so long without an event')
        .env('INFEROMETER_STREAM_PING')
        .default(15_000)
        .argParser(integer(1, 3_600_000)),
    )
    .addOption(
      new Option('--stream-stall <ms>', 'a reader of a stream that takes nothing for so long is cut off')
        .env('INFEROMETER_STREAM_STALL')
        .default(60_000)
        .argParser(integer(1, 3_600_000)),
    )
    .action(() => run(command));
}

/** What flags, variables and file come to; `sources` are those of the file where no flag names a model. */
export function resolveServeOptions(
  flags: Flags,
  file: { readonly defaults: ModelOptions; readonly sources: ModelSources },
  bundled: readonly ModelSource[],
): ServeOptions {
  return {
    host: flags.host,
    port: flags.port,
    metricsPort: flags.metricsPort === 'off' ? undefined : flags.metricsPort,
    sources: resolveSources(flags, file, bundled),
    cache: cacheOptionsOf(flags),
    maxBodyBytes: flags.maxBody,
    maxUploadBytes: flags.maxUpload,
    maxTensorBytes: flags.maxTensorBody,
    maxInputs: flags.maxInputs,
    drainDelayMs: flags.drainDelay,
    drainTimeoutMs: flags.drainTimeout,
    streamPingMs: flags.streamPing,
    streamStallMs: flags.streamStall,
  };
}

/** Options of a model of the file go with its name, whether the file or a flag says where it is. */
function resolveSources(
  flags: Flags,
  { defaults, sources }: Parameters<typeof resolveServeOptions>[1],
  bundled: readonly ModelSource[],
): ModelSources {
  const given = modelOptionsOf(flags as unknown as Readonly<Record<string, unknown>>);
  const shared = { modelCacheDir: cacheDirOf(flags.modelCache) };
  const optionsOf = (name: string): ModelOptions => ({
    ...defaults,
    ...sources.models.find((model) => model.name === name)?.options,
    ...given,
    ...shared,
  });
  const isNamed = flags.model.length > 0 || flags.models.length > 0;
  const models = isNamed ? flags.model : sources.models;
  const repositories = isNamed ? flags.models.map((dir) => ({ dir })) : sources.repositories;
  const isAny = models.length > 0 || repositories.length > 0;
  return {
    // What a bundled model brings along is what it has where nobody says otherwise.
    models: (isAny ? models : bundled).map((model) => ({
      ...model,
      options: { ...model.options, ...optionsOf(model.name) },
    })),
    repositories: repositories.map((repository) => ({ ...repository, optionsOf })),
  };
}

function collectModel(text: string, before: readonly ModelSource[]): readonly ModelSource[] {
  try {
    return [...before, parseModelSource(text)];
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function integer(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `expected an integer >= ${least}.`
        : `expected an integer from ${least} to ${most}.`,
    );
  };
}
