import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  explainCuda,
  kernelsByProvider,
  type NodeEvent,
  notOnDevice,
  providersOf,
} from '@inferometer/engine';
import { env, InferenceSession } from 'onnxruntime-node';
import { answer } from '../overhead/channel.ts';
import { feedsOf } from './feeds.ts';

/** A process that runs one graph on one device and nothing else, told what to do over the process channel. */

export interface RunnerLoad {
  readonly graph: string;
  /** `cpu` or `cuda:N`. */
  readonly device: string;
  readonly threads: number;
}

export interface RunnerShape {
  readonly rows: number;
  /** Tokens of each row. */
  readonly tokens: number;
}

export interface RunnerWork extends RunnerShape {
  /** Least time of the measured runs, s. */
  readonly seconds: number;
}

export interface RunnerTimes {
  /** Of each run, ms, in their order; copies to the device and back are part of it. */
  readonly latenciesMs: readonly number[];
  /** From the first run to the last, s. */
  readonly seconds: number;
  /** Resident memory of the process, bytes. */
  readonly rssBytes: number;
}

/** Runs of a shape before it is measured: the first allocates, and CUDA chooses its algorithms. */
const warmUps = 3;
const leastRuns = 5;

let session: InferenceSession;

async function load({ graph, device, threads }: RunnerLoad): Promise<void> {
  env.logLevel = 'fatal';
  const dir = mkdtempSync(join(tmpdir(), 'inferometer-gpu-'));
  try {
    session = await InferenceSession.create(graph, {
      executionProviders: providersOf(device),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      enableProfiling: true,
      profileFilePrefix: join(dir, 'profile'),
    });
    await session.run(feedsOf(session.inputMetadata, { rows: 1, tokens: 8 }));
    session.endProfiling();
    const [file = ''] = readdirSync(dir);
    const events = JSON.parse(readFileSync(join(dir, file), 'utf8')) as NodeEvent[];
    const problem = notOnDevice(device, kernelsByProvider(events));
    if (problem !== undefined) throw new Error(problem);
  } catch (error) {
    throw device === 'cpu' ? error : new Error(explainCuda(device, error));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function run({ seconds, ...shape }: RunnerWork): Promise<RunnerTimes> {
  const feeds = feedsOf(session.inputMetadata, shape);
  for (let i = 0; i < warmUps; i++) await session.run(feeds);
  const latenciesMs: number[] = [];
  const start = performance.now();
  let now = start;
  while (latenciesMs.length < leastRuns || now - start < seconds * 1000) {
    const before = now;
    await session.run(feeds);
    now = performance.now();
    latenciesMs.push(now - before);
  }
  return { latenciesMs, seconds: (now - start) / 1000, rssBytes: process.memoryUsage.rss() };
}

answer({
  load: (options) => load(options as RunnerLoad),
  run: (options) => run(options as RunnerWork),
});
// Between two questions nothing else keeps it alive.
process.channel?.ref();
process.stdout.write('ready\n');
