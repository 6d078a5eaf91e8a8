import koffi from 'koffi';
import { GpuUnavailable } from '../reading.ts';
import { code } from './codes.ts';

/**
 * The functions that we call, as nvml.h has them. A handle (`nvmlDevice_t`, `nvmlEventSet_t`) is a pointer, which goes
 * through as a number; what is written to is a buffer of ours, so that a call makes no objects.
 */
const signatures = {
  nvmlInit_v2: '()',
  nvmlShutdown: '()',
  nvmlSystemGetDriverVersion: '(void *version, uint32_t length)',
  nvmlDeviceGetCount_v2: '(void *count)',
  nvmlDeviceGetHandleByIndex_v2: '(uint32_t index, void *device)',
  nvmlDeviceGetUUID: '(uintptr_t device, void *uuid, uint32_t length)',
  nvmlDeviceGetName: '(uintptr_t device, void *name, uint32_t length)',
  nvmlDeviceGetMinorNumber: '(uintptr_t device, void *minor)',
  nvmlDeviceGetNumGpuCores: '(uintptr_t device, void *cores)',
  nvmlDeviceGetMaxClockInfo: '(uintptr_t device, int type, void *clock)',
  nvmlDeviceGetMigMode: '(uintptr_t device, void *current, void *pending)',
  nvmlDeviceGetMaxMigDeviceCount: '(uintptr_t device, void *count)',
  nvmlDeviceGetMigDeviceHandleByIndex: '(uintptr_t device, uint32_t index, void *mig)',
  nvmlDeviceGetGpuInstanceId: '(uintptr_t device, void *id)',
  nvmlDeviceGetComputeInstanceId: '(uintptr_t device, void *id)',
  nvmlDeviceGetUtilizationRates: '(uintptr_t device, void *utilization)',
  nvmlDeviceGetMemoryInfo_v2: '(uintptr_t device, void *memory)',
  nvmlDeviceGetMemoryInfo: '(uintptr_t device, void *memory)',
  nvmlDeviceGetPowerUsage: '(uintptr_t device, void *milliwatts)',
  nvmlDeviceGetTotalEnergyConsumption: '(uintptr_t device, void *millijoules)',
  nvmlDeviceGetTemperature: '(uintptr_t device, int sensor, void *celsius)',
  nvmlDeviceGetTemperatureV: '(uintptr_t device, void *temperature)',
  nvmlDeviceGetClockInfo: '(uintptr_t device, int type, void *megahertz)',
  nvmlDeviceGetPcieThroughput: '(uintptr_t device, int counter, void *kilobytes)',
  nvmlDeviceGetPcieReplayCounter: '(uintptr_t device, void *replays)',
  nvmlDeviceGetCurrentClocksEventReasons: '(uintptr_t device, void *reasons)',
  nvmlDeviceGetCurrentClocksThrottleReasons: '(uintptr_t device, void *reasons)',
  nvmlDeviceGetSupportedClocksEventReasons: '(uintptr_t device, void *reasons)',
  nvmlDeviceGetSupportedClocksThrottleReasons: '(uintptr_t device, void *reasons)',
  nvmlDeviceGetTotalEccErrors: '(uintptr_t device, int type, int counter, void *errors)',
  nvmlDeviceGetRemappedRows:
    '(uintptr_t device, void *corrected, void *uncorrected, void *pending, void *failed)',
  nvmlDeviceGetEncoderUtilization: '(uintptr_t device, void *utilization, void *periodUs)',
  nvmlDeviceGetDecoderUtilization: '(uintptr_t device, void *utilization, void *periodUs)',
  nvmlDeviceGetComputeRunningProcesses_v3: '(uintptr_t device, void *count, void *infos)',
  nvmlDeviceGetGraphicsRunningProcesses_v3: '(uintptr_t device, void *count, void *infos)',
  nvmlDeviceGetProcessUtilization: '(uintptr_t device, void *samples, void *count, uint64_t since)',
  nvmlDeviceGetFieldValues: '(uintptr_t device, int count, void *values)',
  nvmlEventSetCreate: '(void *set)',
  nvmlEventSetFree: '(uintptr_t set)',
  nvmlDeviceRegisterEvents: '(uintptr_t device, uint64_t types, uintptr_t set)',
  nvmlEventSetWait_v2: '(uintptr_t set, void *data, uint32_t timeoutMs)',
} as const;

export type NvmlFunction = keyof typeof signatures;
type Argument = number | bigint | NodeJS.ArrayBufferView | null;

/**
 * NVIDIA's management library, opened: functions that return a code. One that the driver is too old to have returns that
 * it is missing. They are called as they are, for a list of arguments in between costs as much as the call.
 */
export type Nvml = Readonly<Record<NvmlFunction, (...args: Argument[]) => number>>;

/**
 * @param path file or name of the library, found as the dynamic linker finds libraries
 * @throws {GpuUnavailable} if there is no such library, with the linker's own words
 */
export function openNvml(path: string): Nvml {
  const library = load(path);
  const missing = (): number => code.functionNotFound;
  const functions = Object.entries(signatures).map(([name, parameters]) => {
    try {
      return [name, library.func(`int ${name}${parameters}`)];
    } catch {
      return [name, missing];
    }
  });
  return Object.fromEntries(functions) as Nvml;
}

function load(path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GpuUnavailable('library_not_found', `${path} cannot be loaded: ${why}`);
  }
}
