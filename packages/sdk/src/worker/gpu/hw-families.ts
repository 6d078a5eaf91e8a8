import { type Family, METRIC, type Series } from '@inferometer/core';
import type { GpuReading, GpuState } from '@inferometer/gpu';
import { sanitizeLabelName } from '../../exposition/labels.ts';

/** A metric of devices: what it is called, and what it makes of a reading. */
interface DeviceMetric extends Omit<Family, 'series'> {
  readonly points: (reading: GpuReading) => Iterable<Point>;
}

/** A value that is undefined is not there. */
type Point = readonly [attributes: Attributes, value: number | undefined];
type Attributes = Readonly<Record<string, string>>;

const states: readonly GpuState[] = ['ok', 'degraded', 'failed'];

/** The attributes of the hw.* conventions that each of their metrics has. */
function hardware(reading: GpuReading): Attributes {
  return {
    'hw.id': reading.id,
    ...(reading.name === undefined ? {} : { 'hw.name': reading.name }),
    'hw.type': 'gpu',
    ...(reading.parentId === undefined ? {} : { 'hw.parent': reading.parentId }),
  };
}

function hw(reading: GpuReading, value: number | undefined, more: Attributes = {}): Point {
  return [{ ...hardware(reading), ...more }, value];
}

function gpu({ id }: GpuReading, value: number | undefined, more: Attributes = {}): Point {
  return [{ gpu: id, ...more }, value];
}

function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || !whole ? undefined : part / whole;
}

function* ofProcesses(
  reading: GpuReading,
  pick: (one: { readonly memoryBytes?: number; readonly utilization?: number }) => number | undefined,
): Iterable<Point> {
  for (const [process, one] of Object.entries(reading.processes ?? {})) {
    yield gpu(reading, pick(one), { process });
  }
}

/** Names, units and kinds of instrument as the conventions have them; ours where there is no convention. */
const metrics: readonly DeviceMetric[] = [
  {
    name: METRIC.hwGpuUtilization,
    otlpName: 'hw.gpu.utilization',
    help: 'Share of the last sampling period in which a kernel ran, or the encoder or decoder worked.',
    unit: '1',
    type: 'gauge',
    points: (one) => [
      hw(one, one.utilization, { 'hw.gpu.task': 'general' }),
      hw(one, one.encoderUtilization, { 'hw.gpu.task': 'encoder' }),
      hw(one, one.decoderUtilization, { 'hw.gpu.task': 'decoder' }),
    ],
  },
  {
    name: METRIC.hwGpuMemoryUsage,
    otlpName: 'hw.gpu.memory.usage',
    help: 'Memory of the GPU in use, without what the driver reserves.',
    unit: 'By',
    type: 'gauge',
    isSum: true,
    points: (one) => [hw(one, one.memoryUsedBytes)],
  },
  {
    name: METRIC.hwGpuMemoryLimit,
    otlpName: 'hw.gpu.memory.limit',
    help: 'Size of the memory of the GPU.',
    unit: 'By',
    type: 'gauge',
    isSum: true,
    points: (one) => [hw(one, one.memoryLimitBytes)],
  },
  {
    name: METRIC.hwGpuMemoryUtilization,
    otlpName: 'hw.gpu.memory.utilization',
    help: 'Share of the memory of the GPU in use.',
    unit: '1',
    type: 'gauge',
    points: (one) => [hw(one, memoryUtilization(one))],
  },
  {
    name: METRIC.hwGpuIo,
    otlpName: 'hw.gpu.io',
    help: 'Bytes that the GPU received and transmitted over PCIe, where it counts them.',
    unit: 'By',
    type: 'counter',
    points: (one) => [
      hw(one, one.pcieTransmitBytes, { 'network.io.direction': 'transmit' }),
      hw(one, one.pcieReceiveBytes, { 'network.io.direction': 'receive' }),
    ],
  },
  {
    name: METRIC.hwPower,
    otlpName: 'hw.power',
    help: 'Power that the GPU draws.',
    unit: 'W',
    type: 'gauge',
    points: (one) => [hw(one, one.powerWatts)],
  },
  {
    name: METRIC.hwEnergy,
    otlpName: 'hw.energy',
    help: 'Energy that the GPU has taken since its driver was loaded.',
    unit: 'J',
    type: 'counter',
    points: (one) => [hw(one, one.energyJoules)],
  },
  {
    name: METRIC.hwTemperature,
    otlpName: 'hw.temperature',
    help: 'Temperature of the GPU and, where it has a sensor, of its memory.',
    unit: 'Cel',
    type: 'gauge',
    points: (one) => [
      hw(one, one.temperatureCelsius, { 'hw.sensor_location': 'gpu' }),
      hw(one, one.memoryTemperatureCelsius, { 'hw.sensor_location': 'memory' }),
    ],
  },
  {
    name: METRIC.hwErrors,
    otlpName: 'hw.errors',
    help: 'Errors of the GPU: ECC and PCIe replays since its driver was loaded, Xid events since we listen.',
    unit: '{error}',
    type: 'counter',
    points: (one) =>
      Object.entries(one.errors ?? {}).map(([type, count]) => hw(one, count, { 'error.type': type })),
  },
  {
    name: METRIC.gpuClock,
    help: 'Clock of the streaming multiprocessors and of the memory.',
    unit: 'Hz',
    type: 'gauge',
    points: (one) => [
      gpu(one, one.smClockHertz, { clock: 'sm' }),
      gpu(one, one.memoryClockHertz, { clock: 'memory' }),
    ],
  },
  {
    name: METRIC.gpuPcieThroughput,
    otlpName: 'inference_gpu_pcie_throughput',
    help: 'Bytes a second over PCIe: since the last reading where the GPU counts them, else of 20 ms.',
    unit: 'By/s',
    type: 'gauge',
    points: (one) => [
      gpu(one, one.pcieTransmit, { direction: 'transmit' }),
      gpu(one, one.pcieReceive, { direction: 'receive' }),
    ],
  },
  {
    name: METRIC.gpuThrottled,
    help: 'Whether a reason that the GPU can tell of lowers its clocks.',
    type: 'gauge',
    points: (one) =>
      Object.entries(one.throttled ?? {}).map(([reason, is]) => gpu(one, is ? 1 : 0, { reason })),
  },
  {
    name: METRIC.gpuNvlink,
    help: 'Bytes over all NVLinks of the GPU.',
    unit: 'By',
    type: 'counter',
    points: (one) => [
      gpu(one, one.nvlinkTransmitBytes, { direction: 'transmit' }),
      gpu(one, one.nvlinkReceiveBytes, { direction: 'receive' }),
    ],
  },
  {
    name: METRIC.gpuProcessMemory,
    help: 'Memory of the GPU by whose processes have it: executors of this service, its main process, others.',
    unit: 'By',
    type: 'gauge',
    points: (one) => ofProcesses(one, ({ memoryBytes }) => memoryBytes),
  },
  {
    name: METRIC.gpuProcessUtilization,
    help: 'Share of the time since the last reading in which kernels ran, by whose processes they are.',
    unit: '1',
    type: 'gauge',
    points: (one) => ofProcesses(one, ({ utilization }) => utilization),
  },
];

export function memoryUtilization(reading: GpuReading): number | undefined {
  return ratio(reading.memoryUsedBytes, reading.memoryLimitBytes);
}

export interface HwFamiliesOptions {
  /** Since when counters of the hardware may have counted, ms since the epoch: the boot of the machine. */
  readonly bootMs: number;
}

/** What the devices said, in families; those without a value are left out. */
export function hwFamilies(readings: readonly GpuReading[], { bootMs }: HwFamiliesOptions): Family[] {
  return metrics
    .map(({ points, ...family }): Family => {
      const series = readings.flatMap((reading) =>
        [...points(reading)].flatMap(([attributes, value]) => toSeries(attributes, value)),
      );
      return {
        ...family,
        series: family.type === 'counter' ? series.map((one) => ({ ...one, createdMs: bootMs })) : series,
      };
    })
    .filter(({ series }) => series.length > 0);
}

/** `hw.status`: 1 for the state that a device is in. */
export function statusFamily(readings: readonly GpuReading[]): Family {
  return {
    name: METRIC.hwStatus,
    otlpName: 'hw.status',
    help: 'Whether the GPU is in the state: ok, degraded (slowed down by its hardware, memory wears out), failed.',
    unit: '1',
    type: 'gauge',
    isSum: true,
    series: readings.flatMap((reading) =>
      states.flatMap((state) =>
        toSeries({ ...hardware(reading), 'hw.state': state }, reading.state === state ? 1 : 0),
      ),
    ),
  };
}

/** Which device is which: what a framework calls it, by UUID. */
export function infoFamily(readings: readonly GpuReading[], driverVersion: string | undefined): Family {
  return {
    name: METRIC.gpuInfo,
    help: 'What a GPU is, and what the frameworks of this process call it; always 1.',
    type: 'gauge',
    series: readings.flatMap((reading) =>
      toSeries(
        {
          gpu: reading.id,
          inference_device: reading.inferenceDevice ?? 'none',
          name: reading.name ?? 'unknown',
          index: String(reading.index),
          driver_version: driverVersion ?? 'unknown',
        },
        1,
      ),
    ),
  };
}

function toSeries(attributes: Attributes, value: number | undefined): readonly Series[] {
  if (value === undefined) return [];
  const labels = Object.entries(attributes).map(([key, text]) => [sanitizeLabelName(key), text] as const);
  return [{ labels, attributes, value }];
}
