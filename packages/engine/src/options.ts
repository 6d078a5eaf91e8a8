import { availableParallelism } from 'node:os';
import { longestTimerMs } from './deadline.ts';
import { type DeviceChoice, deviceForms, isCpuAlone, parseDevice } from './device/parse-device.ts';

/** Where a model runs: in a process of its own, which a crash cannot leave, or in a thread of this one. */
export type ExecutorKind = 'process' | 'worker';

/** How a model is run. */
export interface ModelOptions {
  /**
   * Where it runs: `cpu`, `cuda[:N]`, or several GPUs with commas between them, among which executors are shared out.
   * With `,cpu` at the end it runs on the CPU where the others cannot be used; without it, that is an error. @default cpu
   */
  readonly device?: string;
  /**
   * Executors, integer from 1 to 256.
   * @default the cores this process may use, 4 at most; on CUDA one a device, for runs on one GPU take turns there
   */
  readonly executors?: number;
  /**
   * Threads within one operator, integer from 1 to 256.
   * @default the cores divided by the executors; on CUDA 1, for what is left to the CPU is little
   */
  readonly threads?: number;
  /**
   * Threads of one more executor, which runs what is alone, so that a request on an idle machine has all cores; integer
   * from 0, which has none, to 256. @default the cores, where there are several executors of the default threads, and
   * none on CUDA
   */
  readonly soloThreads?: number;
  /** @default process */
  readonly executorKind?: ExecutorKind;
  /**
   * Processors to pin the executors to, integers >= 0, shared out among them in order; those of one executor are all of
   * them where there are fewer than executors. Empty pins nothing. @default []
   */
  readonly cpus?: readonly number[];
  /** Items in one model run, integer >= 1. @default 32, on CUDA 256 */
  readonly maxBatchSize?: number;
  /** Tokens in one model run, padding included, integer >= 1. @default 16384, on CUDA 65536 */
  readonly maxBatchTokens?: number;
  /**
   * Longest wait of the oldest item for a fuller batch while an executor is free and another one runs, ms, >= 0;
   * Infinity waits as long as the model's run times make it worthwhile. @default Infinity
   */
  readonly maxWaitMs?: number;
  /** Sizes at which a batch leaves at once, and to which larger ones are cut, integers from 1 to maxBatchSize. @default [] */
  readonly preferredBatchSizes?: readonly number[];
  /** Time from arrival to answer that batching must not make requests exceed, ms, > 0; Infinity has none. @default Infinity */
  readonly targetLatencyMs?: number;
  /** Longest time that an item is passed over by more urgent ones and other tenants, ms, >= 0. @default 1000 */
  readonly maxPassOverMs?: number;
  /** Shares of tenants while several wait, by name, each > 0; others have 1. @default {} */
  readonly tenantWeights?: Readonly<Record<string, number>>;
  /** Items that may wait, integer >= 1. @default 4096 */
  readonly maxQueue?: number;
  /** Estimated wait above which requests are refused, ms, > 0; Infinity refuses none for it. @default Infinity */
  readonly maxQueueMs?: number;
  /** Deadline of a request that names none, ms from its arrival, > 0; Infinity has none. @default 30000 */
  readonly defaultTimeoutMs?: number;
  /** Longest time of one model run; its executor is killed then, ms, > 0; Infinity kills none. @default 60000 */
  readonly hardTimeoutMs?: number;
  /** Generations that one executor interleaves, integer >= 1. @default 8 */
  readonly maxGenerations?: number;
  /** Longest time that warm-up runs may take after the first one, ms, >= 0. @default 250 */
  readonly warmUpMs?: number;
  /** Directory that optimised graphs are kept in; empty keeps none. @default '' */
  readonly modelCacheDir?: string;
}

export const executorKinds: readonly ExecutorKind[] = ['process', 'worker'];

/** The values of a numeric option. */
export interface NumberRange {
  readonly integer: boolean;
  readonly least: number;
  /** Whether `least` itself is outside. */
  readonly above?: boolean;
  readonly most?: number;
  /** Whether Infinity switches the option off. */
  readonly infinite?: boolean;
}

const count: NumberRange = { integer: true, least: 1 };
const few: NumberRange = { integer: true, least: 1, most: 256 };
const duration: NumberRange = { integer: false, least: 0, most: longestTimerMs };
const limit: NumberRange = { integer: false, least: 0, above: true, most: longestTimerMs, infinite: true };

type NumericOption = {
  [K in keyof ModelOptions]-?: NonNullable<ModelOptions[K]> extends number ? K : never;
}[keyof ModelOptions];

/** Ranges of all numeric options, for whoever reads them from flags or files. */
export const modelOptionRanges: Readonly<Record<NumericOption, NumberRange>> = {
  executors: few,
  threads: few,
  soloThreads: { integer: true, least: 0, most: 256 },
  maxBatchSize: count,
  maxBatchTokens: count,
  maxWaitMs: { ...duration, infinite: true },
  targetLatencyMs: limit,
  maxPassOverMs: duration,
  maxQueue: count,
  maxQueueMs: limit,
  defaultTimeoutMs: limit,
  hardTimeoutMs: limit,
  maxGenerations: count,
  warmUpMs: duration,
};

/**
 * Fills in the defaults.
 * @throws {RangeError} that names the option, its range and the value
 */
export function resolveModelOptions(options: ModelOptions): Required<ModelOptions> {
  const device = options.device ?? 'cpu';
  const choice = parseDevice(device);
  if (choice === undefined) throw new RangeError(`device must be ${deviceForms}, got ${device}`);
  const defaults = isCpuAlone(device) ? cpuDefaults(options) : cudaDefaults(choice);
  const maxBatchSize = options.maxBatchSize ?? defaults.maxBatchSize;
  const resolved: Required<ModelOptions> = {
    device,
    executors: options.executors ?? defaults.executors,
    threads: options.threads ?? defaults.threads,
    soloThreads: options.soloThreads ?? defaults.soloThreads,
    executorKind: options.executorKind ?? 'process',
    cpus: options.cpus ?? [],
    maxBatchSize,
    maxBatchTokens: options.maxBatchTokens ?? defaults.maxBatchTokens,
    maxWaitMs: options.maxWaitMs ?? Number.POSITIVE_INFINITY,
    preferredBatchSizes: options.preferredBatchSizes ?? [],
    targetLatencyMs: options.targetLatencyMs ?? Number.POSITIVE_INFINITY,
    maxPassOverMs: options.maxPassOverMs ?? 1000,
    tenantWeights: options.tenantWeights ?? {},
    maxQueue: options.maxQueue ?? 4096,
    maxQueueMs: options.maxQueueMs ?? Number.POSITIVE_INFINITY,
    defaultTimeoutMs: options.defaultTimeoutMs ?? 30_000,
    hardTimeoutMs: options.hardTimeoutMs ?? 60_000,
    maxGenerations: options.maxGenerations ?? 8,
    warmUpMs: options.warmUpMs ?? 250,
    modelCacheDir: options.modelCacheDir ?? '',
  };
  for (const [name, range] of Object.entries(modelOptionRanges)) {
    check(name, resolved[name as NumericOption], range);
  }
  if (!executorKinds.includes(resolved.executorKind)) {
    throw new RangeError(
      `executorKind must be one of ${executorKinds.join(', ')}, got ${resolved.executorKind}`,
    );
  }
  for (const [tenant, weight] of Object.entries(resolved.tenantWeights)) {
    check(`tenantWeights.${tenant}`, weight, { integer: false, least: 0, above: true });
  }
  for (const cpu of resolved.cpus) check('cpus', cpu, { integer: true, least: 0 });
  const sizes: NumberRange = { integer: true, least: 1, most: maxBatchSize };
  for (const size of resolved.preferredBatchSizes) check('preferredBatchSizes', size, sizes);
  return resolved;
}

type DeviceDefaults = Pick<
  Required<ModelOptions>,
  'executors' | 'threads' | 'soloThreads' | 'maxBatchSize' | 'maxBatchTokens'
>;

function cpuDefaults(options: ModelOptions): DeviceDefaults {
  const cores = availableParallelism();
  const executors = options.executors ?? Math.min(cores, 4);
  return {
    executors,
    threads: Math.max(1, Math.floor(cores / executors)),
    soloThreads: executors > 1 && options.threads === undefined && cores > 1 ? cores : 0,
    maxBatchSize: 32,
    maxBatchTokens: 16_384,
  };
}

/** A GPU runs a batch of hundreds in little more than the time of one. */
function cudaDefaults({ devices }: DeviceChoice): DeviceDefaults {
  return {
    executors: devices.length,
    threads: 1,
    soloThreads: 0,
    maxBatchSize: 256,
    maxBatchTokens: 65_536,
  };
}

function check(name: string, value: unknown, range: NumberRange): void {
  if (!isInRange(value, range))
    throw new RangeError(`${name} must be ${describeRange(range)}, got ${String(value)}`);
}

/** Whether a value is a number of this range. */
export function isInRange(value: unknown, range: NumberRange): value is number {
  if (typeof value !== 'number' || Number.isNaN(value)) return false;
  const { integer, least, above, most, infinite } = range;
  if (value === Number.POSITIVE_INFINITY) return infinite === true;
  if (integer && !Number.isSafeInteger(value)) return false;
  return (above ? value > least : value >= least) && value <= (most ?? value);
}

/** Such as `an integer from 1 to 256` or `a number > 0, or Infinity`. */
export function describeRange({ integer, least, above, most, infinite }: NumberRange): string {
  const what = integer ? 'an integer' : 'a number';
  const from = `${above ? '>' : '>='} ${least}`;
  const within = most === undefined || most === longestTimerMs ? from : `from ${least} to ${most}`;
  return `${what} ${within}${infinite ? ', or Infinity' : ''}`;
}
