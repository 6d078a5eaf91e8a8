import type { GpuProcess, GpuProcessReading } from '../reading.ts';
import { code } from './codes.ts';
import { layouts } from './layouts.ts';
import type { Nvml, NvmlFunction } from './library.ts';

/** Whose process has a PID; undefined if that cannot be told, such as in a container with PIDs of its own. */
export type ProcessOwner = (pid: number) => GpuProcess | undefined;

export type ProcessReadings = Partial<Record<GpuProcess, GpuProcessReading>>;

/** A memory that the driver does not know: `NVML_VALUE_NOT_AVAILABLE`. */
const notAvailable = 0xffff_ffff_ffff_ffffn;
const most = 256;
const infos = Buffer.alloc(layouts.processInfo.bytes * most);
const samples = Buffer.alloc(layouts.processUtilization.bytes * most);
const count = new Uint32Array(1);

/** When each device's samples were last read, µs, by its handle. */
export type SampleTimes = Map<number, bigint>;

/**
 * Memory and use of a device's processes, summed by whose they are. Undefined if the device or the driver does not tell
 * of processes; a kind that has none there is 0 only if the driver lists processes.
 */
export function readProcesses(
  nvml: Nvml,
  handle: number,
  ownerOf: ProcessOwner,
  times: SampleTimes,
  note: (value: number) => boolean,
): ProcessReadings | undefined {
  const memory = readMemory(nvml, handle, ownerOf, note);
  const use = readUse(nvml, handle, ownerOf, times, note);
  if (memory === undefined && use === undefined) return undefined;
  const readings: ProcessReadings = {};
  for (const kind of new Set([...(memory?.keys() ?? []), ...(use?.keys() ?? [])])) {
    const memoryBytes = memory?.get(kind);
    const utilization = use?.get(kind);
    readings[kind] = {
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(utilization === undefined ? {} : { utilization: Math.min(utilization, 1) }),
    };
  }
  return readings;
}

function readMemory(
  nvml: Nvml,
  handle: number,
  ownerOf: ProcessOwner,
  note: (value: number) => boolean,
): Map<GpuProcess, number> | undefined {
  // A process that computes and draws is in both lists, with the same memory.
  const used = new Map<number, bigint>();
  const lists: readonly NvmlFunction[] = [
    'nvmlDeviceGetComputeRunningProcesses_v3',
    'nvmlDeviceGetGraphicsRunningProcesses_v3',
  ];
  let isListed = false;
  for (const list of lists) {
    count[0] = most;
    const answer = nvml[list](handle, count, infos);
    // Of more processes than there is room for, those that there is room for.
    if (answer !== code.insufficientSize && !note(answer)) continue;
    isListed = true;
    for (let i = 0; i < Math.min(count[0], most); i++) {
      const at = i * layouts.processInfo.bytes;
      const bytes = infos.readBigUInt64LE(at + layouts.processInfo.usedMemory);
      if (bytes !== notAvailable) used.set(infos.readUInt32LE(at + layouts.processInfo.pid), bytes);
    }
  }
  if (!isListed) return undefined;
  const byOwner = new Map<GpuProcess, number>();
  for (const [pid, bytes] of used) {
    const owner = ownerOf(pid);
    if (owner !== undefined) byOwner.set(owner, (byOwner.get(owner) ?? 0) + Number(bytes));
  }
  return byOwner;
}

/** Mean share of the time since the last poll in which kernels of each kind's processes ran. */
function readUse(
  nvml: Nvml,
  handle: number,
  ownerOf: ProcessOwner,
  times: SampleTimes,
  note: (value: number) => boolean,
): Map<GpuProcess, number> | undefined {
  count[0] = most;
  const since = times.get(handle) ?? 0n;
  const answer = nvml.nvmlDeviceGetProcessUtilization(handle, samples, count, since);
  if (!note(answer)) return undefined;
  const byPid = new Map<number, { sum: number; samples: number }>();
  let newest = since;
  for (let i = 0; i < Math.min(count[0], most); i++) {
    const at = i * layouts.processUtilization.bytes;
    const timeStamp = samples.readBigUInt64LE(at + layouts.processUtilization.timeStamp);
    // Places that the driver has left empty.
    if (timeStamp <= since) continue;
    if (timeStamp > newest) newest = timeStamp;
    const pid = samples.readUInt32LE(at + layouts.processUtilization.pid);
    const known = byPid.get(pid) ?? { sum: 0, samples: 0 };
    known.sum += samples.readUInt32LE(at + layouts.processUtilization.sm) / 100;
    known.samples++;
    byPid.set(pid, known);
  }
  times.set(handle, newest);
  const byOwner = new Map<GpuProcess, number>();
  for (const [pid, { sum, samples: taken }] of byPid) {
    const owner = ownerOf(pid);
    if (owner !== undefined) byOwner.set(owner, (byOwner.get(owner) ?? 0) + sum / taken);
  }
  return byOwner;
}
