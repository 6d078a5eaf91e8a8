import { availableParallelism } from 'node:os';

/** How a model is run. */
export interface ModelOptions {
  /** Executor processes, integer >= 1. @default the cores this process may use, 4 at most */
  readonly executors?: number;
  /** Threads within one operator, integer >= 1. @default the cores divided by the executors */
  readonly threads?: number;
  /** Items in one model run, integer >= 1. @default 32 */
  readonly maxBatchSize?: number;
  /** Tokens in one model run, padding included, integer >= 1. @default 16384 */
  readonly maxBatchTokens?: number;
  /** Longest wait of the oldest item while an executor is free and another one runs, ms, >= 0. @default 2 */
  readonly maxWaitMs?: number;
  /** Items that may wait, integer >= 1. @default 4096 */
  readonly maxQueue?: number;
  /** Generations that one executor interleaves, integer >= 1. @default 8 */
  readonly maxGenerations?: number;
}

/**
 * Fills in the defaults.
 * @throws {RangeError} that names the option, its range and the value
 */
export function resolveModelOptions(options: ModelOptions): Required<ModelOptions> {
  const cores = availableParallelism();
  const executors = options.executors ?? Math.min(cores, 4);
  const resolved = {
    executors,
    threads: options.threads ?? Math.max(1, Math.floor(cores / executors)),
    maxBatchSize: options.maxBatchSize ?? 32,
    maxBatchTokens: options.maxBatchTokens ?? 16_384,
    maxWaitMs: options.maxWaitMs ?? 2,
    maxQueue: options.maxQueue ?? 4096,
    maxGenerations: options.maxGenerations ?? 8,
  };
  for (const [name, value] of Object.entries(resolved)) {
    if (name === 'maxWaitMs') {
      if (!(value >= 0 && Number.isFinite(value)))
        throw new RangeError(`maxWaitMs must be a number >= 0, got ${value}`);
    } else if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name} must be an integer >= 1, got ${value}`);
    }
  }
  return resolved;
}
