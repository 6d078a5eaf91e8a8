import type { ModelOptions } from '@inferometer/engine';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ModelSpec, parseModelSpec } from './models/spec.ts';
import type { MountedPipeline } from './pipeline/route.ts';

/** What `inferometer serve` was asked for. */
export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  /** undefined when off. */
  readonly metricsPort: number | undefined;
  readonly models: readonly ModelSpec[];
  readonly model: ModelOptions;
  /** @default none */
  readonly pipelines?: readonly MountedPipeline[];
  readonly maxBodyBytes: number;
  readonly maxTensorBytes: number;
  readonly maxInputs: number;
  /** How long requests in flight may take after SIGTERM, ms. */
  readonly drainTimeoutMs: number;
}

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number | 'off';
  readonly model: readonly ModelSpec[];
  readonly executors?: number;
  readonly threads?: number;
  readonly maxBatchSize?: number;
  readonly maxBatchTokens?: number;
  readonly maxWaitMs?: number;
  readonly maxQueue?: number;
  readonly maxBody: number;
  readonly maxTensorBody: number;
  readonly maxInputs: number;
  readonly drainTimeout: number;
}

/** Declares `serve`; every flag can be set by an INFEROMETER_ variable too. */
export function serveCommand(run: (options: ServeOptions) => Promise<void>): Command {
  const least1 = integer(1, Number.MAX_SAFE_INTEGER);
  return new Command('serve')
    .description(
      'serve models over HTTP: OpenAI, TEI and nickname endpoints, /metrics, /profiling and a page',
    )
    .addOption(
      new Option(
        '-m, --model <NAME=DIR>',
        'a model directory to serve under a name; may be repeated (default: the nickname models)',
      )
        .argParser(collectModel)
        .default([], ''),
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
    )
    .addOption(
      new Option('--executors <n>', 'processes a model (default: the cores, 4 at most)')
        .env('INFEROMETER_EXECUTORS')
        .argParser(least1),
    )
    .addOption(
      new Option('--threads <n>', 'threads an executor (default: cores / executors)')
        .env('INFEROMETER_THREADS')
        .argParser(least1),
    )
    .addOption(
      new Option('--max-batch-size <n>', 'inputs in one model run (default: 32)')
        .env('INFEROMETER_MAX_BATCH_SIZE')
        .argParser(least1),
    )
    .addOption(
      new Option('--max-batch-tokens <n>', 'tokens in one model run, padding included (default: 16384)')
        .env('INFEROMETER_MAX_BATCH_TOKENS')
        .argParser(least1),
    )
    .addOption(
      new Option('--max-wait-ms <ms>', 'longest wait for a fuller batch while the model is busy (default: 2)')
        .env('INFEROMETER_MAX_WAIT_MS')
        .argParser(nonNegative),
    )
    .addOption(
      new Option('--max-queue <n>', 'inputs that may wait a model (default: 4096)')
        .env('INFEROMETER_MAX_QUEUE')
        .argParser(least1),
    )
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
      new Option('--max-tensor-body <bytes>', 'longest request body of tensors (/v2)')
        .env('INFEROMETER_MAX_TENSOR_BODY')
        .default(67_108_864)
        .argParser(least1),
    )
    .addOption(
      new Option('--drain-timeout <ms>', 'how long requests in flight may take after SIGTERM')
        .env('INFEROMETER_DRAIN_TIMEOUT')
        .default(10_000)
        .argParser(integer(0, 3_600_000)),
    )
    .action((flags: Flags) => run(resolve(flags)));
}

function resolve(flags: Flags): ServeOptions {
  const { executors, threads, maxBatchSize, maxBatchTokens, maxWaitMs, maxQueue } = flags;
  const given = { executors, threads, maxBatchSize, maxBatchTokens, maxWaitMs, maxQueue };
  return {
    host: flags.host,
    port: flags.port,
    metricsPort: flags.metricsPort === 'off' ? undefined : flags.metricsPort,
    models: flags.model,
    // Only what was given: the engine has the defaults.
    model: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    maxBodyBytes: flags.maxBody,
    maxTensorBytes: flags.maxTensorBody,
    maxInputs: flags.maxInputs,
    drainTimeoutMs: flags.drainTimeout,
  };
}

function collectModel(text: string, before: readonly ModelSpec[]): readonly ModelSpec[] {
  try {
    return [...before, parseModelSpec(text)];
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

function nonNegative(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('expected a number >= 0.');
}
