import type { VisibleCandidate } from '../visible/candidate.ts';
import { code, meaningOf } from './codes.ts';
import type { Nvml, NvmlFunction } from './library.ts';

/** A device or a MIG device, and how it is asked. */
export interface NvmlDevice extends VisibleCandidate {
  readonly name: string | undefined;
  /** NVML's handle of it; undefined while the device is lost. */
  readonly handle: number | undefined;
}

/** What was found, and codes of calls that failed. */
export interface FoundDevices {
  readonly devices: readonly NvmlDevice[];
  readonly failures: readonly number[];
}

const textBytes = 128;
const text = Buffer.alloc(textBytes);
const word = new Uint32Array(1);
const other = new Uint32Array(1);
const pointer = new BigUint64Array(1);

export interface FindDevicesOptions {
  /** Those of before: a device that is lost does not say any more which one it is. */
  readonly known: readonly NvmlDevice[];
  /** Whether a device, by its index, must not be asked. */
  readonly isSkipped: (index: number) => boolean;
  /** Told of a device, by its index, before it is asked. */
  readonly asking: (index: number) => void;
}

/**
 * All devices that the driver shows to this process, MIG devices after the one that they are a part of.
 * @throws {DriverClosed} if the driver answers nothing any more
 */
export function findDevices(nvml: Nvml, { known, isSkipped, asking }: FindDevicesOptions): FoundDevices {
  const devices: NvmlDevice[] = [];
  const failures: number[] = [];
  const note = (value: number): void => {
    const meaning = meaningOf(value);
    if (meaning === 'closed') throw new DriverClosed(value);
    if (meaning === 'failed' || meaning === 'lost') failures.push(value);
  };
  const counted = nvml.nvmlDeviceGetCount_v2(word);
  note(counted);
  const count = counted === code.success ? (word[0] as number) : 0;
  const lost = (index: number): void => {
    for (const before of known) if (before.index === index) devices.push({ ...before, handle: undefined });
  };
  for (let index = 0; index < count; index++) {
    if (isSkipped(index)) {
      lost(index);
      continue;
    }
    asking(index);
    const answer = nvml.nvmlDeviceGetHandleByIndex_v2(index, pointer);
    const handle = Number(pointer[0]);
    // What this process may not open is none of its devices.
    if (answer === code.operatingSystem || meaningOf(answer) === 'absent') continue;
    const device = answer === code.success ? describe(nvml, handle, index) : answer;
    if (typeof device === 'object') {
      devices.push(device, ...partsOf(nvml, device));
      continue;
    }
    note(device);
    lost(index);
  }
  return { devices, failures };
}

/** @returns the device, or the code for which it does not say which one it is */
function describe(nvml: Nvml, handle: number, index: number): (NvmlDevice & { handle: number }) | number {
  const id = textOf(nvml, 'nvmlDeviceGetUUID', handle);
  if (typeof id === 'number') return id;
  const name = textOf(nvml, 'nvmlDeviceGetName', handle);
  return {
    id,
    index,
    handle,
    name: typeof name === 'string' ? name : undefined,
    minor: numberOf(nvml, 'nvmlDeviceGetMinorNumber', handle),
    parentId: undefined,
    partIndex: undefined,
    gpuInstance: undefined,
    computeInstance: undefined,
    isDivided: nvml.nvmlDeviceGetMigMode(handle, word, other) === code.success && (word[0] as number) === 1,
    speed: speedOf(nvml, handle),
  };
}

/** MIG devices of a device that is divided. */
function partsOf(nvml: Nvml, device: NvmlDevice & { handle: number }): NvmlDevice[] {
  if (!device.isDivided) return [];
  const parts: NvmlDevice[] = [];
  const most = numberOf(nvml, 'nvmlDeviceGetMaxMigDeviceCount', device.handle) ?? 0;
  for (let i = 0; i < most; i++) {
    if (nvml.nvmlDeviceGetMigDeviceHandleByIndex(device.handle, i, pointer) !== code.success) continue;
    const handle = Number(pointer[0]);
    const id = textOf(nvml, 'nvmlDeviceGetUUID', handle);
    if (typeof id === 'number') continue;
    const name = textOf(nvml, 'nvmlDeviceGetName', handle);
    parts.push({
      id,
      index: device.index,
      handle,
      name: typeof name === 'string' ? name : device.name,
      minor: device.minor,
      parentId: device.id,
      partIndex: i,
      gpuInstance: numberOf(nvml, 'nvmlDeviceGetGpuInstanceId', handle),
      computeInstance: numberOf(nvml, 'nvmlDeviceGetComputeInstanceId', handle),
      isDivided: false,
      speed: device.speed,
    });
  }
  return parts;
}

/** Cores times the highest clock, MHz: by what CUDA puts the fastest device first; 0 if the driver does not say. */
function speedOf(nvml: Nvml, handle: number): number {
  const cores = numberOf(nvml, 'nvmlDeviceGetNumGpuCores', handle) ?? 0;
  const maxClock = nvml.nvmlDeviceGetMaxClockInfo(handle, 1, word) === code.success ? word[0] : 0;
  return cores * (maxClock as number);
}

function numberOf(nvml: Nvml, name: NvmlFunction, handle: number): number | undefined {
  return nvml[name](handle, word) === code.success ? (word[0] as number) : undefined;
}

function textOf(nvml: Nvml, name: NvmlFunction, handle: number): string | number {
  const answer = nvml[name](handle, text, textBytes);
  return answer === code.success ? cString(text) : answer;
}

/** Up to the first null byte. */
export function cString(buffer: Buffer): string {
  const end = buffer.indexOf(0);
  return buffer.toString('utf8', 0, end < 0 ? buffer.length : end);
}

/** The driver answers nothing any more: the library has to be opened anew. */
export class DriverClosed extends Error {
  readonly code: number;

  constructor(value: number) {
    super(`NVML returned ${value}`);
    this.name = 'DriverClosed';
    this.code = value;
  }
}
