import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/**
 * Loaded into the server's process by `--import`: measures its event loop and memory from inside, and answers the
 * bench over the process channel.
 */

/** What the probe answers to `read`. */
export interface ProbeReading {
  /** Delay of timers beyond their interval, ms. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Share of time that the loop was working, in [0, 1]. */
  readonly loopUtilization: number;
  readonly rssBytes: number;
  /** After a garbage collection. */
  readonly heapUsedBytes: number;
  /** CPU time of the main process, s. */
  readonly cpuSeconds: number;
}

const resolutionMs = 1;
const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
histogram.enable();
let utilization = performance.eventLoopUtilization();
let cpu = process.cpuUsage();

function read(): ProbeReading {
  // The histogram has the whole time between two timers: what exceeds the interval is delay.
  const delay = (ns: number): number => Math.max(0, ns / 1e6 - resolutionMs);
  const used = process.cpuUsage(cpu);
  const reading = {
    loopDelayP50Ms: delay(histogram.percentile(50)),
    loopDelayP99Ms: delay(histogram.percentile(99)),
    loopDelayMaxMs: delay(histogram.max),
    loopUtilization: performance.eventLoopUtilization(utilization).utilization,
    cpuSeconds: (used.user + used.system) / 1e6,
  };
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { ...reading, rssBytes: rss, heapUsedBytes: heapUsed };
}

process.on('message', (message) => {
  if (message === 'read') process.send?.(read());
  if (message === 'reset') {
    histogram.reset();
    utilization = performance.eventLoopUtilization();
    cpu = process.cpuUsage();
    process.send?.('reset');
  }
});
// The channel alone must not keep the server alive.
process.channel?.unref();
