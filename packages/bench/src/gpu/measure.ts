import { cpus } from 'node:os';
import { quantile } from '@inferometer/core';
import { startChild } from '../overhead/start-child.ts';
import { type DeviceUse, watchDevice } from './device-meter.ts';
import type { RunnerLoad, RunnerTimes, RunnerWork } from './runner.ts';

/** A graph and what it is called in the table. */
export interface Precision {
  /** `fp32` or `fp16`. */
  readonly name: string;
  readonly graph: string;
}

export interface CurveOptions {
  /** `cpu` or `cuda:N`. */
  readonly device: string;
  readonly precisions: readonly Precision[];
  /** Texts in one run, ascending. */
  readonly batchSizes: readonly number[];
  /** Tokens of each text. */
  readonly tokens: number;
  /** Least time of each figure, s. */
  readonly seconds: number;
  readonly threads: number;
  readonly say?: (step: string) => void;
}

export interface CurveRow {
  readonly precision: string;
  readonly batch: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly sequences_per_second: number;
  /** In [0, 1]; null where the device does not tell. */
  readonly utilization: number | null;
  /** Of the GPU, all of it; on the CPU resident memory of the process. */
  readonly memory_bytes: number | null;
  readonly power_watts: number | null;
}

export interface Curve {
  readonly device: string;
  /** Name of the hardware. */
  readonly hardware: string;
  readonly tokens: number;
  readonly rows: readonly CurveRow[];
}

/**
 * Runs batches of each size back to back, each precision in a process of its own, and watches the device meanwhile.
 * @throws {Error} that says why the device cannot be used
 */
export async function measureCurve(options: CurveOptions): Promise<Curve> {
  const { device, tokens, seconds, threads, say = () => {} } = options;
  using meter = device === 'cpu' ? undefined : watchDevice(device);
  const rows: CurveRow[] = [];
  for (const { name, graph } of options.precisions) {
    await using runner = await startChild({
      name: `runner of ${name}`,
      module: new URL('./runner.js', import.meta.url),
      // CUDA and its libraries are found by these.
      env: environmentOf(['PATH', 'LD_LIBRARY_PATH', 'CUDA_VISIBLE_DEVICES']),
      ready: /ready\n/,
    });
    await runner.ask('load', { graph, device, threads } satisfies RunnerLoad);
    for (const batch of options.batchSizes) {
      say(`${name} at batch ${batch}`);
      meter?.take();
      const times = (await runner.ask('run', {
        rows: batch,
        tokens,
        seconds,
      } satisfies RunnerWork)) as RunnerTimes;
      rows.push(rowOf(name, batch, times, meter?.take()));
    }
  }
  return { device, hardware: meter?.name ?? cpus()[0]?.model ?? 'unknown', tokens, rows };
}

function rowOf(precision: string, batch: number, times: RunnerTimes, use: DeviceUse | undefined): CurveRow {
  const { latenciesMs, seconds, rssBytes } = times;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return {
    precision,
    batch,
    p50_ms: quantile(sorted, 0.5),
    p99_ms: quantile(sorted, 0.99),
    sequences_per_second: (latenciesMs.length * batch) / seconds,
    utilization: use?.utilization ?? null,
    memory_bytes: use === undefined ? rssBytes : (use.memoryBytes ?? null),
    power_watts: use?.powerWatts ?? null,
  };
}

function environmentOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
