import type { Counters } from '../counters.ts';
import type { GpuReading } from '../reading.ts';
import { meaningOf } from './codes.ts';
import { DriverClosed, type NvmlDevice } from './devices.ts';
import {
  allLinks,
  field,
  hardwareReasons,
  layouts,
  structVersion,
  throttleReasons,
  valueType,
} from './layouts.ts';
import type { Nvml } from './library.ts';
import { type ProcessOwner, readProcesses, type SampleTimes } from './read-processes.ts';

type Draft = { -readonly [K in keyof GpuReading]?: GpuReading[K] };

export interface ReadDeviceOptions {
  readonly nvml: Nvml;
  /** Of this device. */
  readonly counters: Counters;
  readonly ownerOf: ProcessOwner;
  readonly sampleTimes: SampleTimes;
  /** Told of each call that failed though it is supported. */
  readonly failed: (code: number) => void;
  /** Whether to take readings for which the driver measures 20 ms each. */
  readonly withSlow: boolean;
}

const word = new Uint32Array(1);
const other = new Uint32Array(1);
const third = new Uint32Array(1);
const fourth = new Uint32Array(1);
const long = new BigUint64Array(1);
const utilization = Buffer.alloc(layouts.utilization.bytes);
const memory2 = Buffer.alloc(layouts.memory2.bytes);
const memory1 = Buffer.alloc(layouts.memory1.bytes);
const temperature = Buffer.alloc(layouts.temperature.bytes);

/** Fields that are read in one call; the scope of NVLink's is all links. */
const fields: readonly (readonly [id: number, scope: number])[] = [
  [field.memoryTemperature, 0],
  [field.nvlinkTransmitKib, allLinks],
  [field.nvlinkReceiveKib, allLinks],
  [field.pcieTransmitBytes, 0],
  [field.pcieReceiveBytes, 0],
];
const fieldValues = Buffer.alloc(layouts.fieldValue.bytes * fields.length);

/** The device is gone: nothing more is asked of it. */
class DeviceLost extends Error {}

/**
 * What a device says now. One that is lost, or that fails whatever it is asked, is `failed` and has no readings.
 * @throws {DriverClosed} if the driver answers nothing any more
 */
export function readDevice(device: NvmlDevice, options: ReadDeviceOptions): Omit<GpuReading, 'id' | 'index'> {
  const { handle } = device;
  if (handle === undefined) return { state: 'failed' };
  const draft: Draft = {};
  let answered = 0;
  let failures = 0;
  const note = (value: number): boolean => {
    const meaning = meaningOf(value);
    if (meaning === 'none') answered++;
    if (meaning === 'none' || meaning === 'absent') return meaning === 'none';
    if (meaning === 'closed') throw new DriverClosed(value);
    failures++;
    options.failed(value);
    if (meaning === 'lost') throw new DeviceLost();
    return false;
  };
  try {
    readAll(handle, draft, options, note);
  } catch (error) {
    if (error instanceof DeviceLost) return { state: 'failed' };
    throw error;
  }
  if (answered === 0 && failures > 0) return { state: 'failed' };
  const { state = 'ok', ...readings } = draft;
  return { state, ...readings };
}

function readAll(
  handle: number,
  draft: Draft,
  { nvml, counters, ownerOf, sampleTimes, withSlow }: ReadDeviceOptions,
  note: (value: number) => boolean,
): void {
  /** The number that a call has written, if it was one that went well. */
  const small = (answer: number): number | undefined => (note(answer) ? (word[0] as number) : undefined);
  const large = (answer: number): bigint | undefined => (note(answer) ? (long[0] as bigint) : undefined);
  const set = <K extends keyof Draft>(name: K, value: Draft[K] | undefined): void => {
    if (value !== undefined) draft[name] = value;
  };
  const counted = (name: string, raw: bigint | undefined, bits: 32 | 64, unit = 1): number | undefined =>
    raw === undefined ? undefined : counters.add(name, raw, bits) * unit;

  if (note(nvml.nvmlDeviceGetUtilizationRates(handle, utilization))) {
    draft.utilization = utilization.readUInt32LE(layouts.utilization.gpu) / 100;
  }
  readMemory();
  set('powerWatts', scaled(small(nvml.nvmlDeviceGetPowerUsage(handle, word)), 1e-3));
  set(
    'energyJoules',
    counted('energy', large(nvml.nvmlDeviceGetTotalEnergyConsumption(handle, long)), 64, 1e-3),
  );
  set('temperatureCelsius', readTemperature());
  set('smClockHertz', scaled(small(nvml.nvmlDeviceGetClockInfo(handle, 1, word)), 1e6));
  set('memoryClockHertz', scaled(small(nvml.nvmlDeviceGetClockInfo(handle, 2, word)), 1e6));
  readThrottling();
  const errors = readErrors();
  if (Object.keys(errors).length > 0) draft.errors = errors;
  readRemapped();
  readCodecs();
  readFields();
  // Where the device counts bytes, the rate follows from them without waiting.
  if (withSlow && draft.pcieTransmitBytes === undefined) {
    set('pcieTransmit', scaled(small(nvml.nvmlDeviceGetPcieThroughput(handle, 0, word)), 1000));
    set('pcieReceive', scaled(small(nvml.nvmlDeviceGetPcieThroughput(handle, 1, word)), 1000));
  }
  set('processes', readProcesses(nvml, handle, ownerOf, sampleTimes, note));

  function readMemory(): void {
    memory2.writeUInt32LE(structVersion(layouts.memory2, 2), layouts.memory2.version);
    if (note(nvml.nvmlDeviceGetMemoryInfo_v2(handle, memory2))) {
      draft.memoryLimitBytes = Number(memory2.readBigUInt64LE(layouts.memory2.total));
      draft.memoryUsedBytes = Number(memory2.readBigUInt64LE(layouts.memory2.used));
    } else if (note(nvml.nvmlDeviceGetMemoryInfo(handle, memory1))) {
      draft.memoryLimitBytes = Number(memory1.readBigUInt64LE(layouts.memory1.total));
      draft.memoryUsedBytes = Number(memory1.readBigUInt64LE(layouts.memory1.used));
    }
  }

  function readTemperature(): number | undefined {
    const plain = nvml.nvmlDeviceGetTemperature(handle, 0, word);
    if (note(plain)) return word[0] as number;
    // Newer drivers leave the plain one out.
    temperature.writeUInt32LE(structVersion(layouts.temperature, 1), layouts.temperature.version);
    temperature.writeInt32LE(0, layouts.temperature.sensor);
    if (!note(nvml.nvmlDeviceGetTemperatureV(handle, temperature))) return undefined;
    return temperature.readInt32LE(layouts.temperature.celsius);
  }

  function readThrottling(): void {
    const now =
      large(nvml.nvmlDeviceGetCurrentClocksEventReasons(handle, long)) ??
      large(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle, long));
    if (now === undefined) return;
    const supported =
      large(nvml.nvmlDeviceGetSupportedClocksEventReasons(handle, long)) ??
      large(nvml.nvmlDeviceGetSupportedClocksThrottleReasons(handle, long));
    const throttled: Record<string, boolean> = {};
    // All known bits are low ones.
    const [nowBits, possibleBits] = [Number(now & 0xffffn), Number((supported ?? 0xffffn) & 0xffffn)];
    for (const [reason, bit] of throttleReasons) {
      if (possibleBits & bit) throttled[reason] = (nowBits & bit) !== 0;
    }
    draft.throttled = throttled;
    if (hardwareReasons.some((reason) => throttled[reason])) draft.state = 'degraded';
  }

  /** Since the driver was loaded: volatile counts. */
  function readErrors(): Record<string, number> {
    const found: Record<string, number> = {};
    const add = (kind: string, value: number | undefined): void => {
      if (value !== undefined) found[kind] = value;
    };
    add(
      'ecc_corrected',
      counted('ecc_corrected', large(nvml.nvmlDeviceGetTotalEccErrors(handle, 0, 0, long)), 64),
    );
    add(
      'ecc_uncorrected',
      counted('ecc_uncorrected', large(nvml.nvmlDeviceGetTotalEccErrors(handle, 1, 0, long)), 64),
    );
    const replays = small(nvml.nvmlDeviceGetPcieReplayCounter(handle, word));
    add('pcie_replay', counted('pcie_replay', replays === undefined ? undefined : BigInt(replays), 32));
    return found;
  }

  /** Memory rows that wait for a reset to be replaced, or could not be. */
  function readRemapped(): void {
    const answer = nvml.nvmlDeviceGetRemappedRows(handle, word, other, third, fourth);
    if (note(answer) && ((third[0] as number) > 0 || (fourth[0] as number) > 0)) draft.state = 'degraded';
  }

  function readCodecs(): void {
    if (note(nvml.nvmlDeviceGetEncoderUtilization(handle, word, other))) {
      draft.encoderUtilization = (word[0] as number) / 100;
    }
    if (note(nvml.nvmlDeviceGetDecoderUtilization(handle, word, other))) {
      draft.decoderUtilization = (word[0] as number) / 100;
    }
  }

  function readFields(): void {
    fieldValues.fill(0);
    fields.forEach(([fieldId, scope], i) => {
      fieldValues.writeUInt32LE(fieldId, i * layouts.fieldValue.bytes + layouts.fieldValue.id);
      fieldValues.writeUInt32LE(scope, i * layouts.fieldValue.bytes + layouts.fieldValue.scope);
    });
    if (!note(nvml.nvmlDeviceGetFieldValues(handle, fields.length, fieldValues))) return;
    const [memoryCelsius, linkOut, linkIn, pcieOut, pcieIn] = fields.map((_, i) => numberAt(i));
    if (memoryCelsius !== undefined) draft.memoryTemperatureCelsius = Number(memoryCelsius.value);
    set('nvlinkTransmitBytes', counted('nvlink out', linkOut?.value, linkOut?.bits ?? 64, 1024));
    set('nvlinkReceiveBytes', counted('nvlink in', linkIn?.value, linkIn?.bits ?? 64, 1024));
    set('pcieTransmitBytes', counted('pcie out', pcieOut?.value, pcieOut?.bits ?? 64));
    set('pcieReceiveBytes', counted('pcie in', pcieIn?.value, pcieIn?.bits ?? 64));
  }

  function numberAt(i: number): { readonly value: bigint; readonly bits: 32 | 64 } | undefined {
    const at = i * layouts.fieldValue.bytes;
    if (!note(fieldValues.readInt32LE(at + layouts.fieldValue.code))) return undefined;
    const from = at + layouts.fieldValue.value;
    switch (fieldValues.readInt32LE(at + layouts.fieldValue.type)) {
      case valueType.unsignedInt:
        return { value: BigInt(fieldValues.readUInt32LE(from)), bits: 32 };
      case valueType.unsignedLong:
      case valueType.unsignedLongLong:
        return { value: fieldValues.readBigUInt64LE(from), bits: 64 };
      default:
        return undefined;
    }
  }
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}
