import { type LoadResult, load } from './load.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

/** How long each measurement takes. */
export interface Effort {
  /** Seconds of each closed loop. */
  readonly seconds: number;
  /** Requests of the memory comparison: first and last reading. */
  readonly memoryRequests: readonly [number, number];
}

export interface EventLoopResult {
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Time of model runs over the wall time of all executors, in [0, 1]. */
  readonly executorBusyRatio: number;
  readonly sequencesPerSecond: number;
}

export interface MemoryReading {
  readonly requests: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
}

const sentence = 'I slept badly and everything feels a little too loud today';

/** From the start of the process to its first answer, ms; the model is warm by then. */
export async function startToFirstAnswer(
  args: readonly string[],
): Promise<{ readyMs: number; firstAnswerMs: number }> {
  const began = performance.now();
  const server = await startServerProcess(args);
  try {
    const response = await fetch(`${server.url}/embed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: sentence }),
    });
    if (!response.ok) throw new Error(`the first answer has status ${response.status}`);
    await response.arrayBuffer();
    return { readyMs: server.readyMs, firstAnswerMs: performance.now() - began };
  } finally {
    await server.stop();
  }
}

/** Throughput and latency of short texts by connections. */
export async function throughput(
  server: ServerProcess,
  effort: Effort,
): Promise<(LoadResult & { connections: number })[]> {
  const rows: (LoadResult & { connections: number })[] = [];
  for (const connections of [1, 8, 32]) {
    const body = { inputs: sentence };
    const until = { seconds: effort.seconds };
    rows.push({
      connections,
      ...(await load({ url: server.url, path: '/embed', body, connections, until })),
    });
  }
  return rows;
}

/** The main thread's event loop while the executors have always something to run: long texts, 16 a request. */
export async function eventLoopUnderLoad(
  server: ServerProcess,
  effort: Effort,
  executors: number,
): Promise<EventLoopResult> {
  const body = { inputs: Array.from({ length: 16 }, (_, i) => `${i} ${sentence}, `.repeat(8)) };
  const options = { url: server.url, path: '/embed', body, connections: 16 };
  await load({ ...options, until: { requests: 32 } });
  await server.reset();
  const before = await deviceSeconds(server.url);
  const began = performance.now();
  const result = await load({ ...options, until: { seconds: effort.seconds } });
  const wall = (performance.now() - began) / 1000;
  const reading = await server.read();
  return {
    loopDelayP50Ms: reading.loopDelayP50Ms,
    loopDelayP99Ms: reading.loopDelayP99Ms,
    loopDelayMaxMs: reading.loopDelayMaxMs,
    executorBusyRatio: ((await deviceSeconds(server.url)) - before) / wall / executors,
    sequencesPerSecond: result.requestsPerSecond * body.inputs.length,
  };
}

/** Memory of the main process after the first and after the last request count. */
export async function memory(server: ServerProcess, effort: Effort): Promise<[MemoryReading, MemoryReading]> {
  const [first, last] = effort.memoryRequests;
  const options = { url: server.url, path: '/embed', body: { inputs: sentence }, connections: 8 };
  const readAfter = async (requests: number): Promise<MemoryReading> => {
    const { rssBytes, heapUsedBytes } = await server.read();
    return { requests, rssBytes, heapUsedBytes };
  };
  await load({ ...options, until: { requests: first } });
  const before = await readAfter(first);
  await load({ ...options, until: { requests: last - first } });
  return [before, await readAfter(last)];
}

async function deviceSeconds(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const values = [...text.matchAll(/^inference_device_time_seconds_total\{[^}]*\} (\S+)$/gm)];
  return values.reduce((sum, match) => sum + Number(match[1]), 0);
}
