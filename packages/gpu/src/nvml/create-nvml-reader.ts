import { existsSync } from 'node:fs';
import { type Counters, createCounters } from '../counters.ts';
import {
  type GpuIdentity,
  type GpuPoll,
  type GpuReader,
  type GpuReading,
  GpuUnavailable,
} from '../reading.ts';
import { type VisibleEnv, visibleDevices } from '../visible/visible-devices.ts';
import { code, nameOfCode } from './codes.ts';
import { cString, DriverClosed, findDevices, type NvmlDevice } from './devices.ts';
import { openNvml } from './library.ts';
import { readDevice } from './read-device.ts';
import type { ProcessOwner, SampleTimes } from './read-processes.ts';
import { listenForXids, type XidCounts, type XidEvents } from './xid-events.ts';

export interface NvmlReaderOptions {
  /** File or name of the library. @default "libnvidia-ml.so.1" */
  readonly library?: string;
  /** `own`: what this process may use; `all`: whatever the driver shows. @default "own" */
  readonly scope?: 'own' | 'all';
  /** What says which devices the process may use. @default process.env */
  readonly env?: VisibleEnv;
  /** @default nobody's */
  readonly ownerOf?: ProcessOwner;
  /** Devices that are not asked and told of as failed: their calls hang. @default none */
  readonly skipped?: readonly GpuIdentity[];
  /** Told of a device, by its index, before it is asked. @default nobody is told */
  readonly asking?: (index: number) => void;
  /** Whether a file is there. @default existsSync */
  readonly exists?: (path: string) => boolean;
  /** Monotonic clock, ms. @default performance.now */
  readonly now?: () => number;
}

/** Devices are looked for again after so many polls: MIG devices come and go. */
const findEvery = 30;

/** Devices whose PCIe throughput is measured in one poll: the driver takes 20 ms for each direction. */
const slowPerPoll = 2;

/** @throws {GpuUnavailable} if there is no library, no driver or no device */
export function createNvmlReader(options: NvmlReaderOptions = {}): GpuReader {
  const { scope = 'own', env = process.env, ownerOf = () => undefined } = options;
  const { skipped = [], asking = () => {} } = options;
  const { exists = existsSync, now = () => performance.now() } = options;
  const nvml = openNvml(options.library ?? 'libnvidia-ml.so.1');
  const counters = new Map<string, Counters>();
  const sampleTimes: SampleTimes = new Map();
  const pcie = new Map<string, { atMs: number; out: number; in: number }>();
  const slow = new Map<string, Pick<GpuReading, 'pcieTransmit' | 'pcieReceive'>>();
  const isSkipped = (index: number): boolean => skipped.some((one) => one.index === index);
  let found: readonly NvmlDevice[] = skipped.map(asDevice);
  let reported: readonly NvmlDevice[] = [];
  let inferenceDevices: ReadonlyMap<string, string> = new Map();
  const xidCounts: XidCounts = new Map();
  let xids: XidEvents | undefined;
  let polls = 0;
  let nextSlow = 0;
  /** Polls in a row with a device that is lost. */
  let lostPolls = 0;

  const open = (): void => {
    const answer = nvml.nvmlInit_v2();
    if (answer !== code.success) throw unavailable(answer);
  };

  /** @returns codes of calls that failed */
  const find = (): readonly number[] => {
    const { devices: seen, failures } = findDevices(nvml, { known: found, isSkipped, asking });
    const devices = seen.map((one) => withSpeed(one, seen));
    const isSame =
      devices.length === found.length &&
      devices.every(({ id, handle }, i) => id === found[i]?.id && handle === found[i]?.handle);
    found = devices;
    if (isSame && xids !== undefined) return failures;
    const visible = visibleDevices(devices, env, (minor) => exists(`/dev/nvidia${minor}`));
    ({ inferenceDevices } = visible);
    reported = scope === 'all' ? devices : visible.devices;
    xids?.[Symbol.dispose]();
    xids = listenForXids(nvml, reported, xidCounts);
    return failures;
  };

  const close = (): void => {
    xids?.[Symbol.dispose]();
    xids = undefined;
    nvml.nvmlShutdown();
  };

  open();
  const driverVersion = readDriverVersion();
  const failuresAtStart = closedAsUnavailable(find);
  if (reported.length === 0) {
    close();
    throw noDevices(found.length);
  }

  function readDriverVersion(): string | undefined {
    const text = Buffer.alloc(80);
    const answer = nvml.nvmlSystemGetDriverVersion(text, text.length);
    return answer === code.success ? cString(text) : undefined;
  }

  function closedAsUnavailable<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof DriverClosed)) throw error;
      close();
      throw unavailable(error.code);
    }
  }

  const countersOf = (id: string): Counters => {
    const known = counters.get(id) ?? createCounters();
    counters.set(id, known);
    return known;
  };

  const read = (device: NvmlDevice, failed: (value: number) => void, withSlow: boolean): GpuReading => {
    if (device.handle !== undefined) asking(device.index);
    const atMs = now();
    const said = readDevice(device, {
      nvml,
      counters: countersOf(device.id),
      ownerOf,
      sampleTimes,
      failed,
      withSlow,
    });
    const { id, index, name, parentId } = device;
    const inferenceDevice = inferenceDevices.get(id);
    const errors = { ...said.errors };
    // Also of a device that is lost: the event may say why.
    for (const [xid, count] of xidCounts.get(id) ?? []) errors[`xid_${xid}`] = count;
    return {
      id,
      index,
      ...(name === undefined ? {} : { name }),
      ...(parentId === undefined ? {} : { parentId }),
      ...(inferenceDevice === undefined ? {} : { inferenceDevice }),
      ...said,
      ...throughput(id, said, atMs, withSlow),
      ...(Object.keys(errors).length > 0 ? { errors } : {}),
    };
  };

  /** Bytes a second: of counters since the poll before, else as last measured. */
  function throughput(
    id: string,
    said: Omit<GpuReading, 'id' | 'index'>,
    atMs: number,
    withSlow: boolean,
  ): Pick<GpuReading, 'pcieTransmit' | 'pcieReceive'> {
    const { pcieTransmitBytes, pcieReceiveBytes, pcieTransmit, pcieReceive, state } = said;
    if (state === 'failed') {
      pcie.delete(id);
      slow.delete(id);
      return {};
    }
    if (pcieTransmitBytes !== undefined && pcieReceiveBytes !== undefined) {
      const before = pcie.get(id);
      pcie.set(id, { atMs, out: pcieTransmitBytes, in: pcieReceiveBytes });
      const seconds = before && (atMs - before.atMs) / 1000;
      if (!before || !seconds) return {};
      return {
        pcieTransmit: (pcieTransmitBytes - before.out) / seconds,
        pcieReceive: (pcieReceiveBytes - before.in) / seconds,
      };
    }
    if (withSlow) {
      slow.set(id, {
        ...(pcieTransmit === undefined ? {} : { pcieTransmit }),
        ...(pcieReceive === undefined ? {} : { pcieReceive }),
      });
    }
    return slow.get(id) ?? {};
  }

  let early = failuresAtStart;
  return {
    driverVersion,
    poll(): GpuPoll {
      return closedAsUnavailable(() => {
        const failures: Record<string, number> = {};
        const failed = (value: number): void => {
          const reason = nameOfCode(value);
          failures[reason] = (failures[reason] ?? 0) + 1;
        };
        for (const value of early) failed(value);
        early = [];
        if (isReopenDue(lostPolls)) {
          // A device that was reset is only seen by a library that is opened anew.
          close();
          open();
        }
        if (polls++ > 0 && (polls % findEvery === 0 || lostPolls > 0)) {
          for (const value of find()) failed(value);
        }
        if (reported.length === 0) throw noDevices(found.length);
        xids?.take();
        const slowNow = new Set(
          Array.from({ length: slowPerPoll }, (_, i) => (nextSlow + i) % reported.length),
        );
        nextSlow = (nextSlow + slowPerPoll) % reported.length;
        const devices = reported.map((device, i) => read(device, failed, slowNow.has(i)));
        // Opening the library anew does not help a device that hangs.
        const isLost = devices.some(({ state, index }) => state === 'failed' && !isSkipped(index));
        lostPolls = isLost ? lostPolls + 1 : 0;
        return { devices, failures };
      });
    },
    [Symbol.dispose]: close,
  };
}

/** What is known of a device that is not asked. */
function asDevice({ id, index, name, parentId }: GpuIdentity): NvmlDevice {
  return {
    id,
    index,
    name,
    parentId,
    handle: undefined,
    minor: index,
    partIndex: undefined,
    gpuInstance: undefined,
    computeInstance: undefined,
    isDivided: false,
    speed: 0,
  };
}

/** A device that does not say how fast it is keeps its place among its like in CUDA's order. */
function withSpeed(device: NvmlDevice, all: readonly NvmlDevice[]): NvmlDevice {
  if (device.handle !== undefined || device.speed > 0) return device;
  return { ...device, speed: all.find(({ name, speed }) => name === device.name && speed > 0)?.speed ?? 0 };
}

/** After 1, 2, 4, … 32 polls with a lost device, then every 60. */
function isReopenDue(lostPolls: number): boolean {
  if (lostPolls < 60) return lostPolls > 0 && (lostPolls & (lostPolls - 1)) === 0;
  return lostPolls % 60 === 0;
}

function unavailable(value: number): GpuUnavailable {
  const reason = nameOfCode(value);
  return new GpuUnavailable(reason, `NVML says ${reason} (${value})`);
}

function noDevices(found: number): GpuUnavailable {
  const message =
    found === 0
      ? 'the NVIDIA driver shows no device'
      : `none of ${found} devices is left by CUDA_VISIBLE_DEVICES and NVIDIA_VISIBLE_DEVICES`;
  return new GpuUnavailable('no_devices', message);
}
