import { isMainThread } from 'node:worker_threads';
import { type AllocationMeter, startAllocationMeter } from './allocation-meter.ts';
import { answer } from './channel.ts';

/**
 * Loaded by `--import` into the server of every row, first of all: reads CPU time and allocation from inside, and
 * answers over the process channel, not over the server that is measured.
 */

/** CPU time since the start of the process, µs. */
export interface CpuReading {
  readonly mainUs: number;
  /** All threads: workers, garbage collection and compilation too. */
  readonly processUs: number;
}

function cpu(): CpuReading {
  const main = process.threadCpuUsage();
  const all = process.cpuUsage();
  return { mainUs: main.user + main.system, processUs: all.user + all.system };
}

let meter: AllocationMeter | undefined;

// Workers inherit `--import`.
if (isMainThread) {
  answer({
    cpu,
    'allocation start': () => {
      meter = startAllocationMeter();
    },
    'allocation stop': () => meter?.stop(),
  });
}
