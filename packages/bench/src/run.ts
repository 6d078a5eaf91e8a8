import { availableParallelism } from 'node:os';
import type { BenchReport } from './report.ts';
import { type Effort, eventLoopUnderLoad, memory, startToFirstAnswer, throughput } from './scenarios.ts';
import { startServerProcess } from './server-process.ts';

/** Efforts: `full` for figures that are published, `short` for CI. */
export const efforts: Readonly<Record<'full' | 'short', Effort>> = {
  full: { seconds: 10, memoryRequests: [1000, 10_000] },
  short: { seconds: 3, memoryRequests: [1000, 4000] },
};

/**
 * Measures the server as it is shipped.
 * @param say told what is being measured
 */
export async function runBench(effort: Effort, say: (step: string) => void): Promise<BenchReport> {
  const executors = Math.min(availableParallelism(), 4);
  const args = ['--executors', String(executors)];
  say('start to first answer');
  const start = await startToFirstAnswer(args);
  const server = await startServerProcess(args);
  try {
    // Memory first: the process has seen nothing else yet.
    say('memory');
    const [before, after] = await memory(server, effort);
    say('throughput at 1, 8 and 32 connections');
    const rows = await throughput(server, effort);
    say('event loop under full load');
    const eventLoop = await eventLoopUnderLoad(server, effort, executors);
    return {
      node: process.version,
      cores: availableParallelism(),
      executors,
      start,
      throughput: rows,
      eventLoop,
      memory: { before, after, heapGrowthRatio: after.heapUsedBytes / before.heapUsedBytes },
    };
  } finally {
    await server.stop();
  }
}
