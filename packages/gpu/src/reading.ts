/** Which device it is, whatever it is doing. */
export interface GpuIdentity {
  /** UUID, as the vendor's tools print it: `GPU-…`, `MIG-…`. */
  readonly id: string;
  /** Place in the vendor's own order, from 0; a part has that of its device. */
  readonly index: number;
  readonly name?: string;
  /** UUID of the device that this one is a part of. */
  readonly parentId?: string;
  /** What frameworks of this process call it: `cuda:0`. */
  readonly inferenceDevice?: string;
}

/** `failed`: lost, or it answers nothing; `degraded`: it works, slowed down by its hardware or with memory that wears out. */
export type GpuState = 'ok' | 'degraded' | 'failed';

/** Whose process uses a device. */
export type GpuProcess = 'main' | 'executor' | 'other';

/** What processes of one kind use of a device. */
export interface GpuProcessReading {
  readonly memoryBytes?: number;
  /** In [0, 1]. */
  readonly utilization?: number;
}

/**
 * What a device said at one time. A field that is not there was not supported or could not be read: it is never 0
 * instead. Counters count since the driver was loaded and do not fall while the reader lives, wrap-arounds and resets
 * of the device included.
 */
export interface GpuReading extends GpuIdentity {
  readonly state: GpuState;
  /** Share of the last sampling period (1/6 s to 1 s) in which a kernel ran, in [0, 1]. */
  readonly utilization?: number;
  readonly encoderUtilization?: number;
  readonly decoderUtilization?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryLimitBytes?: number;
  readonly powerWatts?: number;
  /** Counter. */
  readonly energyJoules?: number;
  readonly temperatureCelsius?: number;
  readonly memoryTemperatureCelsius?: number;
  readonly smClockHertz?: number;
  readonly memoryClockHertz?: number;
  /** Bytes a second. */
  readonly pcieTransmit?: number;
  readonly pcieReceive?: number;
  /** Counters. */
  readonly pcieTransmitBytes?: number;
  readonly pcieReceiveBytes?: number;
  readonly nvlinkTransmitBytes?: number;
  readonly nvlinkReceiveBytes?: number;
  /** Reasons for lower clocks that the device can tell of, and whether each is in force. */
  readonly throttled?: Readonly<Record<string, boolean>>;
  /** Counters by kind: `ecc_corrected`, `ecc_uncorrected`, `pcie_replay`, `xid_79`. */
  readonly errors?: Readonly<Record<string, number>>;
  readonly processes?: Readonly<Partial<Record<GpuProcess, GpuProcessReading>>>;
}

/** All devices at one time. */
export interface GpuPoll {
  readonly devices: readonly GpuReading[];
  /** Calls that failed though they are supported, by reason: `gpu_is_lost`, `unknown`. */
  readonly failures: Readonly<Record<string, number>>;
}

/**
 * A vendor's devices. Its calls may block for as long as the driver likes, and a driver that is broken may end the
 * process: it is used in a process of its own (`watchGpus`).
 */
export interface GpuReader extends Disposable {
  readonly driverVersion: string | undefined;
  /** @throws {GpuUnavailable} if there is nothing to read any more; the reader has to be made anew then */
  poll(): GpuPoll;
}

/** Why there is nothing to read. */
export class GpuUnavailable extends Error {
  /** `library_not_found`, `driver_not_loaded`, `no_devices`, or the vendor's own name of the error. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.name = 'GpuUnavailable';
    this.reason = reason;
  }
}
