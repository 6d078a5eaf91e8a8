import {
  describeRange,
  deviceForms,
  executorKinds,
  isInRange,
  type ModelOptions,
  modelOptionRanges,
  type NumberRange,
  parseDevice,
} from '@inferometer/engine';
import { z } from 'zod';
import { modelName, parseVersionPolicy, versionNumber } from '../models/spec.ts';
import { parseCpuList } from './cpu-list.ts';
import { didYouMean } from './mistake.ts';

/** The shape of `inferometer.yaml`. Messages say what is expected; where it stands is added by whoever reads the file. */

/** A setting that is absent, or is there without a value. */
type Maybe<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** How a model is run, as the file says it. */
export type RunningSettings = Maybe<
  Omit<ModelOptions, 'cpus' | 'preferredBatchSizes' | 'modelCacheDir' | keyof BatchingSettings>
> & { readonly cpus?: unknown; readonly batching?: Maybe<BatchingSettings> | undefined };

interface BatchingSettings
  extends Pick<
    Required<ModelOptions>,
    'maxBatchSize' | 'maxBatchTokens' | 'maxWaitMs' | 'maxPassOverMs' | 'targetLatencyMs'
  > {
  readonly preferredSizes: readonly number[];
}

export interface ModelSettings extends RunningSettings {
  readonly path: string;
  readonly version?: string | number | undefined;
  readonly versions?: unknown;
  readonly variant?: string | undefined;
}

export interface ConfigFile {
  readonly server?: Readonly<Record<string, unknown>> | null | undefined;
  readonly defaults?: RunningSettings | null | undefined;
  readonly repository?: string | { readonly path: string; readonly versions?: unknown } | null | undefined;
  readonly models?: Readonly<Record<string, ModelSettings>> | null | undefined;
}

/** A mapping of these keys and no others. */
function mapping<S extends z.ZodRawShape>(shape: S): z.ZodObject<S> {
  const keys = Object.keys(shape);
  const unknown = z.custom(() => false, {
    error: ({ path }) => {
      const meant = didYouMean(String(path?.at(-1)), keys);
      return meant
        ? `unknown key, did you mean "${meant}"?`
        : `unknown key, expected one of ${keys.join(', ')}`;
    },
  });
  const checked = z.object(shape, 'expected a mapping').catchall(unknown);
  // The catch-all takes nothing: it is there for what it says.
  return checked as unknown as z.ZodObject<S>;
}

/** A number of a range; `none` where Infinity switches a limit off. */
function number(range: NumberRange): z.ZodOptional<z.ZodType<number>> {
  const expected = `expected ${describeRange(range).replace('or Infinity', 'or none')}`;
  return z
    .preprocess(
      (value) => (value === 'none' && range.infinite ? Number.POSITIVE_INFINITY : value),
      z.custom<number>((value) => isInRange(value, range), expected),
    )
    .optional();
}

const path = (what: string): z.ZodString => z.string(`expected ${what}`).min(1, `expected ${what}`);

const policy = z
  .custom<string | readonly (string | number)[]>(
    (value) => parseVersionPolicy(value) !== undefined,
    'expected latest, latest N, all or a list of version numbers',
  )
  .optional();

const ranges = modelOptionRanges;
const batching = mapping({
  maxBatchSize: number(ranges.maxBatchSize),
  maxBatchTokens: number(ranges.maxBatchTokens),
  maxWaitMs: number(ranges.maxWaitMs),
  maxPassOverMs: number(ranges.maxPassOverMs),
  targetLatencyMs: number(ranges.targetLatencyMs),
  preferredSizes: z
    .array(
      z.int('expected an integer >= 1').min(1, 'expected an integer >= 1'),
      'expected a list of batch sizes',
    )
    .optional(),
});

/** How a model is run. */
const running = {
  device: z
    .custom<string>(
      (value) => typeof value === 'string' && parseDevice(value) !== undefined,
      `expected ${deviceForms}`,
    )
    .optional(),
  executors: number(ranges.executors),
  threads: number(ranges.threads),
  soloThreads: number(ranges.soloThreads),
  executorKind: z.enum(executorKinds, `expected ${executorKinds.join(' or ')}`).optional(),
  cpus: z
    .custom<string | number | readonly number[]>(
      (value) => parseCpuList(value) !== undefined,
      'expected processors such as 0-3,6 or [0, 1]',
    )
    .optional(),
  batching: batching.optional(),
  tenantWeights: z
    .record(
      z.string(),
      z.number('expected a number > 0').gt(0, 'expected a number > 0'),
      'expected weights by tenant, such as { team-a: 2 }',
    )
    .optional(),
  maxQueue: number(ranges.maxQueue),
  maxQueueMs: number(ranges.maxQueueMs),
  defaultTimeoutMs: number(ranges.defaultTimeoutMs),
  hardTimeoutMs: number(ranges.hardTimeoutMs),
  maxGenerations: number(ranges.maxGenerations),
  warmUpMs: number(ranges.warmUpMs),
};

const model = mapping({
  path: path('the path of a model directory'),
  version: z
    .custom<string | number>(
      (value) =>
        (typeof value === 'string' || typeof value === 'number') && versionNumber.test(String(value)),
      'expected an integer >= 1',
    )
    .optional(),
  versions: policy,
  variant: path('the name of a variant such as int8, or of a graph').optional(),
  ...running,
});

const repository = mapping({
  path: path('the path of a directory of models'),
  versions: policy,
});

export const configSchema: z.ZodType<ConfigFile> = mapping({
  /** Flags of the server by their names; they are checked as the flags are. */
  server: z.record(z.string(), z.unknown(), 'expected a mapping').nullish(),
  defaults: mapping(running).nullish(),
  repository: z.union([z.string(), repository], 'expected the path of a directory of models').nullish(),
  models: z
    .record(
      z.string().regex(modelName, 'a model’s name is 1 to 100 letters, digits and any of . _ : / -'),
      // A path alone will do.
      z.preprocess((value) => (typeof value === 'string' ? { path: value } : value), model),
      'expected a mapping of names to models',
    )
    .nullish(),
});
