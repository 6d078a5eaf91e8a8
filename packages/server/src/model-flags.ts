import {
  describeRange,
  deviceForms,
  type ExecutorKind,
  executorKinds,
  isInRange,
  type ModelOptions,
  modelOptionRanges,
  parseDevice,
} from '@inferometer/engine';
import { InvalidArgumentError, Option } from 'commander';
import { parseCpuList } from './config/cpu-list.ts';

/** Flags of options that all models get; each is an INFEROMETER_ variable too. */
type ModelFlag = keyof ModelOptions;

const numeric: Readonly<Record<keyof typeof modelOptionRanges, string>> = {
  executors: 'executors a model (default: the cores, 4 at most; on CUDA one a GPU)',
  threads: 'threads an executor (default: cores / executors; on CUDA 1)',
  soloThreads: 'threads of one more executor for what is alone, 0 for none (default: the cores)',
  maxBatchSize: 'inputs in one model run (default: 32, on CUDA 256)',
  maxBatchTokens: 'tokens in one model run, padding included (default: 16384, on CUDA 65536)',
  maxWaitMs: 'longest wait for a fuller batch while the model is busy (default: by what its runs cost)',
  targetLatencyMs: 'time to an answer that batching must not exceed (default: none)',
  maxPassOverMs:
    'longest time that an input is passed over by more urgent ones and other tenants (default: 1000)',
  maxQueue: 'inputs that may wait a model (default: 4096)',
  maxQueueMs: 'estimated wait above which requests are refused (default: none)',
  defaultTimeoutMs: 'deadline of requests that name none (default: 30000)',
  hardTimeoutMs: 'longest model run before its executor is ended (default: 60000)',
  maxGenerations: 'generations that an executor interleaves (default: 8)',
  warmUpMs: 'longest time for warm-up runs after the first one (default: 250)',
};

/** Declares them. The engine has the defaults: what is not given is not passed on. */
export const modelFlags: readonly Option[] = [
  ...Object.entries(numeric).map(([name, text]) =>
    option(name, name.endsWith('Ms') ? '<ms>' : '<n>', text, numberOf(name as keyof typeof numeric)),
  ),
  option(
    'device',
    '<device>',
    'where models run: cpu, cuda[:N], several as cuda:0,cuda:1; cuda,cpu falls back (default: cpu)',
    deviceOf,
  ),
  option('executorKind', '<kind>', 'process or worker: where models run (default: process)', kindOf),
  option('cpus', '<list>', 'processors to pin executors to, such as 0-3,6 (default: any)', cpusOf),
  option('preferredBatchSizes', '<list>', 'sizes that batches wait to reach, such as 8,16', sizesOf),
];

export const modelFlagNames: ReadonlySet<string> = new Set(modelFlags.map((flag) => flag.attributeName()));

/** The options among all flags. */
export function modelOptionsOf(flags: Readonly<Record<string, unknown>>): ModelOptions {
  return Object.fromEntries(
    Object.entries(flags).filter(([name, value]) => modelFlagNames.has(name) && value !== undefined),
  );
}

function option(
  name: ModelFlag | string,
  value: string,
  text: string,
  parse: (text: string) => unknown,
): Option {
  const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const variable = `INFEROMETER_${words.replaceAll('-', '_').toUpperCase()}`;
  return new Option(`--${words} ${value}`, text).env(variable).argParser(parse);
}

function numberOf(name: keyof typeof numeric): (text: string) => number {
  const range = modelOptionRanges[name];
  return (text) => {
    const value = text === 'none' && range.infinite ? Number.POSITIVE_INFINITY : Number(text);
    if (text.trim() !== '' && isInRange(value, range)) return value;
    throw new InvalidArgumentError(`expected ${describeRange(range).replace('or Infinity', 'or none')}.`);
  };
}

function deviceOf(text: string): string {
  if (parseDevice(text)) return text;
  throw new InvalidArgumentError(`expected ${deviceForms}.`);
}

function kindOf(text: string): ExecutorKind {
  const kind = executorKinds.find((one) => one === text);
  if (kind) return kind;
  throw new InvalidArgumentError(`expected ${executorKinds.join(' or ')}.`);
}

function cpusOf(text: string): readonly number[] {
  const cpus = parseCpuList(text);
  if (cpus) return cpus;
  throw new InvalidArgumentError('expected processors such as 0-3,6.');
}

function sizesOf(text: string): readonly number[] {
  const sizes = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) return sizes;
  throw new InvalidArgumentError('expected integers >= 1 such as 8,16.');
}
