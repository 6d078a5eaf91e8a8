import { findNvml, type GpuReading, watchGpus } from '@inferometer/gpu';

/** What a device did while it was watched; what it does not tell is undefined. */
export interface DeviceUse {
  /** Mean, in [0, 1]. */
  readonly utilization: number | undefined;
  /** Most, of all processes, bytes. */
  readonly memoryBytes: number | undefined;
  /** Mean. */
  readonly powerWatts: number | undefined;
}

export interface DeviceMeter extends Disposable {
  /** Name of the hardware, once it has been read. */
  readonly name: string | undefined;
  /** What it did since the last time. */
  take(): DeviceUse;
}

/** Utilisation is of the last sampling period, which is 1/6 s at least: more often tells nothing new. */
const intervalMs = 100;
const timeoutMs = 5000;

/** @param device such as `cuda:0` */
export function watchDevice(device: string): DeviceMeter {
  const readings: GpuReading[] = [];
  let name: string | undefined;
  const watch = watchGpus({
    library: findNvml(process.env).library,
    scope: 'own',
    intervalMs,
    timeoutMs,
    env: process.env,
    polled({ devices }) {
      const mine = devices.find(({ inferenceDevice }) => inferenceDevice === device);
      if (mine === undefined) return;
      name = mine.name;
      readings.push(mine);
    },
    // Columns without readings stay empty.
    trouble() {},
  });
  return {
    get name() {
      return name;
    },
    take() {
      const taken = readings.splice(0);
      const all = (pick: (reading: GpuReading) => number | undefined): number[] =>
        taken.map(pick).filter((value) => value !== undefined);
      return {
        utilization: mean(all((reading) => reading.utilization)),
        memoryBytes: taken.length === 0 ? undefined : Math.max(...all((reading) => reading.memoryUsedBytes)),
        powerWatts: mean(all((reading) => reading.powerWatts)),
      };
    },
    [Symbol.dispose]: () => watch.stop(),
  };
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
