/**
 * Layouts of NVML's structs: bytes of each, and where its fields lie. They are the same on all 64-bit systems. Source:
 * nvml.h 12.9; the test compares them with a C compiler's.
 */
export const layouts = {
  /** nvmlUtilization_t: gpu u32, memory u32, percent. */
  utilization: { bytes: 8, gpu: 0, memory: 4 },
  /** nvmlMemory_v2_t; `used` is without `reserved`, as nvidia-smi has it. */
  memory2: { bytes: 40, version: 0, total: 8, reserved: 16, free: 24, used: 32 },
  /** nvmlMemory_t; `used` is with what is reserved. */
  memory1: { bytes: 24, total: 0, free: 8, used: 16 },
  /** nvmlProcessInfo_v2_t, which the functions `…_v3` fill. */
  processInfo: { bytes: 24, pid: 0, usedMemory: 8, gpuInstance: 16, computeInstance: 20 },
  /** nvmlProcessUtilizationSample_t. */
  processUtilization: { bytes: 32, pid: 0, timeStamp: 8, sm: 16, memory: 20, encoder: 24, decoder: 28 },
  /** nvmlFieldValue_t. */
  fieldValue: { bytes: 40, id: 0, scope: 4, timeStamp: 8, latency: 16, type: 24, code: 28, value: 32 },
  /** nvmlEventData_t. */
  eventData: { bytes: 32, device: 0, type: 8, data: 16, gpuInstance: 24, computeInstance: 28 },
  /** nvmlTemperature_v1_t. */
  temperature: { bytes: 12, version: 0, sensor: 4, celsius: 8 },
} as const;

/** What a struct with a version says in it: its size, and the number of the version in the upper byte. */
export function structVersion({ bytes }: { readonly bytes: number }, version: number): number {
  return (bytes | (version << 24)) >>> 0;
}

/** Types of a field's value: `nvmlValueType_t`. */
export const valueType = {
  double: 0,
  unsignedInt: 1,
  unsignedLong: 2,
  unsignedLongLong: 3,
  signedLongLong: 4,
  signedInt: 5,
  unsignedShort: 6,
} as const;

/** Fields that are read with `nvmlDeviceGetFieldValues`: `NVML_FI_DEV_…`. */
export const field = {
  memoryTemperature: 82,
  /** Of all links, KiB. */
  nvlinkTransmitKib: 138,
  nvlinkReceiveKib: 139,
  pcieTransmitBytes: 197,
  pcieReceiveBytes: 198,
} as const;

/** Asks for the sum over all links. */
export const allLinks = 0xffffffff;

/** Reasons for lower clocks, by their bit. Being idle (bit 0) is none. Source: `nvmlClocksEventReason…`. */
export const throttleReasons: readonly (readonly [reason: string, bit: number])[] = [
  ['applications_clocks_setting', 0x2],
  ['sw_power_cap', 0x4],
  ['hw_slowdown', 0x8],
  ['sync_boost', 0x10],
  ['sw_thermal_slowdown', 0x20],
  ['hw_thermal_slowdown', 0x40],
  ['hw_power_brake_slowdown', 0x80],
  ['display_clock_setting', 0x100],
];

/** Of them those that the hardware takes to protect itself. */
export const hardwareReasons: readonly string[] = [
  'hw_slowdown',
  'hw_thermal_slowdown',
  'hw_power_brake_slowdown',
];

/** `nvmlEventTypeXidCriticalError`. */
export const xidEvent = 8;
