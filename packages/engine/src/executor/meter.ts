import { BOUNDS, METRIC, monoNow, writeMetricFile } from '@inferometer/core/base';

/** What an executor counts of itself, in a file that the telemetry worker reads: no message, no main thread. */
export interface Meter {
  /** Notes a model run, ms on the monotonic clock. */
  ran(startMs: number, endMs: number): void;
}

export interface MeterOptions {
  /** File of its own. */
  readonly path: string;
  readonly model: string;
  readonly executor: number;
}

/** How often the shares of time are taken. */
const intervalMs = 1000;

/**
 * What was counted is in the file after so long. At once would be three system calls a run: 50 µs of a run of a small
 * model. An executor that is killed loses so much of its counts.
 */
const flushMs = 50;

/** Runs are counted as they end; utilisation, CPU and memory once a second. */
export function createMeter({ path, model, executor }: MeterOptions): Meter {
  const { memory, flush } = writeMetricFile(path, (message) => process.stderr.write(`${message}\n`));
  const labels = ['model', 'executor'];
  const name = String(executor);
  const runs = memory
    .histogram({
      name: METRIC.runDuration,
      help: 'Time of one model run, as the executor measured it.',
      unit: 's',
      bounds: BOUNDS.phase,
      labels: ['model'],
    })
    .of(model);
  const utilization = memory
    .gauge({
      name: METRIC.executorUtilization,
      help: 'Share of the last second in which the executor ran its model.',
      unit: '1',
      labels,
    })
    .of(model, name);
  const cpu = memory
    .counter({
      name: METRIC.executorCpu,
      help: 'CPU that the executor took, of all its threads.',
      unit: 's',
      labels,
    })
    .of(model, name);
  const resident = memory
    .gauge({ name: METRIC.executorMemory, help: 'Resident memory of the executor.', unit: 'By', labels })
    .of(model, name);

  let busyMs = 0;
  let lastAt = monoNow();
  let lastCpu = process.cpuUsage();
  const sample = (): void => {
    const at = monoNow();
    utilization.set(Math.min(1, busyMs / (at - lastAt)));
    busyMs = 0;
    lastAt = at;
    const used = process.cpuUsage();
    cpu.add((used.user + used.system - lastCpu.user - lastCpu.system) / 1e6);
    lastCpu = used;
    resident.set(process.memoryUsage.rss());
    flush();
  };
  sample();
  setInterval(sample, intervalMs).unref();
  process.on('exit', flush);
  let flushing = false;
  const flushed = (): void => {
    flushing = false;
    flush();
  };

  return {
    ran(startMs, endMs) {
      busyMs += endMs - startMs;
      runs.observe((endMs - startMs) / 1000);
      if (flushing) return;
      flushing = true;
      setTimeout(flushed, flushMs).unref();
    },
  };
}
