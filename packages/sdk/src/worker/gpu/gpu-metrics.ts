import { BOUNDS, type Family, METRIC, type MetricMemory } from '@inferometer/core';
import type { GpuReading, GpuReport, GpuTrouble } from '@inferometer/gpu';
import { createEnergyShares } from './energy-shares.ts';
import { hwFamilies, infoFamily, memoryUtilization, statusFamily } from './hw-families.ts';

/** What the telemetry worker makes of readings of GPUs. */
export interface GpuMetrics {
  polled(report: GpuReport): void;
  trouble(trouble: GpuTrouble): void;
  /** Gauges and counters of the hardware, as last read; none where there is no GPU. */
  read(): Family[];
}

export interface GpuMetricsOptions {
  /** The worker's own, for what is counted here. */
  readonly memory: MetricMemory;
  /** Bounds by metric name, instead of the defaults. */
  readonly bounds: Readonly<Record<string, readonly number[]>>;
  /** Time between two readings, ms. */
  readonly intervalMs: number;
  /** The counter of device time, now. */
  readonly deviceTimes: () => Family | undefined;
  /** Told of the CPU that reading took, s. */
  readonly cost: (seconds: number) => void;
  readonly log: Readonly<Record<'debug' | 'info' | 'warn', (message: string) => void>>;
  /** When the machine was started, ms since the epoch. */
  readonly bootMs: number;
  /** Monotonic clock, ms. */
  readonly now: () => number;
}

export function createGpuMetrics(options: GpuMetricsOptions): GpuMetrics {
  const { intervalMs, log, now } = options;
  /** Made with the first reading: a host without a GPU has no such metrics. */
  let counted: Counted | undefined;
  const shares = createEnergyShares();
  let last: GpuReport | undefined;
  let lastMs = 0;
  let known: readonly GpuReading[] = [];
  let isLost = false;
  let families: Family[] | undefined;
  const lostDevices = new Set<string>();

  /** A reading older than that is nobody's present state; a poll that is a little late is. */
  const staleMs = Math.max(3 * intervalMs, intervalMs + 2000);

  const noteDevices = (devices: readonly GpuReading[]): void => {
    for (const { id, name, state } of devices) {
      const what = `GPU ${id}${name === undefined ? '' : ` (${name})`}`;
      if (state !== 'failed' && lostDevices.delete(id)) log.info(`${what} answers again`);
      else if (state === 'failed' && !lostDevices.has(id)) {
        lostDevices.add(id);
        log.warn(`${what} does not answer: it has no readings until it does`);
      }
    }
  };

  return {
    polled(report) {
      counted ??= createCounted(options);
      const { devices, failures, seconds, cpuSeconds } = report;
      counted.poll.observe(seconds);
      options.cost(cpuSeconds);
      for (const [reason, count] of Object.entries(failures)) counted.failures.of(reason).add(count);
      for (const reading of devices) {
        const used = memoryUtilization(reading);
        if (reading.utilization !== undefined)
          counted.utilization.of(reading.id).observe(reading.utilization);
        if (used !== undefined) counted.memory.of(reading.id).observe(used);
      }
      const atMs = now();
      for (const { model, tenant, inferenceDevice, joules } of shares.add(
        devices,
        options.deviceTimes(),
        atMs,
      )) {
        counted.energy.of(model, tenant, inferenceDevice).add(joules);
      }
      if (isLost) log.info('GPUs are read again');
      isLost = false;
      noteDevices(devices);
      [last, lastMs, known, families] = [report, atMs, devices, undefined];
    },
    trouble({ reason, message, isAbsent, retryMs }) {
      if (isAbsent) {
        log.debug(`no GPU is read: ${message}`);
        return;
      }
      counted ??= createCounted(options);
      counted.failures.of(reason).add();
      if (!isLost) {
        log.warn(
          `GPUs cannot be read: ${message} (${reason}); it is tried again in ${retryMs / 1000} s, and from then on in ever longer pauses`,
        );
      }
      isLost = true;
      last = undefined;
      families = undefined;
      // A device that is not there any more is not one that has failed.
      known = reason === 'no_devices' ? [] : known.map(asFailed);
    },
    read() {
      const isFresh = last !== undefined && now() - lastMs <= staleMs;
      if (!isFresh) return known.length > 0 ? [statusFamily(known)] : [];
      families ??= [
        ...hwFamilies(known, options),
        statusFamily(known),
        infoFamily(known, last?.driverVersion),
      ];
      return families;
    },
  };
}

type Counted = ReturnType<typeof createCounted>;

function createCounted({ memory, bounds }: GpuMetricsOptions) {
  const ofReadings = (name: string, help: string) =>
    memory.histogram({ name, help, unit: '1', labels: ['gpu'], bounds: bounds[name] ?? BOUNDS.ratio });
  return {
    utilization: ofReadings(METRIC.gpuUtilization, 'Share of time in which a kernel ran, of each reading.'),
    memory: ofReadings(METRIC.gpuMemoryUtilization, 'Share of memory in use, of each reading.'),
    poll: memory
      .histogram({
        name: METRIC.gpuPoll,
        help: 'Time to read all GPUs once, in a process of its own.',
        unit: 's',
        bounds: bounds[METRIC.gpuPoll] ?? BOUNDS.gpuPoll,
      })
      .of(),
    failures: memory.counter({
      name: METRIC.gpuPollFailures,
      help: 'Calls of the driver that failed, and readings that never came, by reason.',
      labels: ['reason'],
    }),
    energy: memory.counter({
      name: METRIC.energy,
      help: 'Energy of GPUs by who used them, an estimate: the energy of an interval shared out by device time in it.',
      unit: 'J',
      labels: ['model', 'tenant', 'inference_device'],
    }),
  };
}

/** Which device it is, and that it answers nothing. */
function asFailed({ id, index, name, parentId }: GpuReading): GpuReading {
  return {
    id,
    index,
    ...(name === undefined ? {} : { name }),
    ...(parentId === undefined ? {} : { parentId }),
    state: 'failed',
  };
}
