/** What NVML's functions return. Source: `nvmlReturn_t`, nvml.h 12.9. */
export const code = {
  success: 0,
  uninitialized: 1,
  invalidArgument: 2,
  notSupported: 3,
  noPermission: 4,
  alreadyInitialized: 5,
  notFound: 6,
  insufficientSize: 7,
  insufficientPower: 8,
  driverNotLoaded: 9,
  timeout: 10,
  irqIssue: 11,
  libraryNotFound: 12,
  functionNotFound: 13,
  corruptedInforom: 14,
  gpuIsLost: 15,
  resetRequired: 16,
  operatingSystem: 17,
  libRmVersionMismatch: 18,
  inUse: 19,
  memory: 20,
  noData: 21,
  vgpuEccNotSupported: 22,
  insufficientResources: 23,
  freqNotSupported: 24,
  argumentVersionMismatch: 25,
  deprecated: 26,
  notReady: 27,
  gpuNotFound: 28,
  invalidState: 29,
  unknown: 999,
} as const;

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(code).map(([name, value]) => [
    value,
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  ]),
);

/** `gpu_is_lost` for 15, `code_77` for one that is not known. */
export function nameOfCode(value: number): string {
  return names.get(value) ?? `code_${value}`;
}

/**
 * What a code says about more than its own call.
 * - `none`: there is a value
 * - `absent`: there is no such reading, of this device, this driver or for this user
 * - `failed`: this call went wrong, the next may not
 * - `lost`: the device is gone until it is reset
 * - `closed`: the library is of no use any more and has to be opened anew
 */
export type Meaning = 'none' | 'absent' | 'failed' | 'lost' | 'closed';

const meanings: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [code.success, 'none'],
  // What an old driver says to a newer version of a struct.
  [code.invalidArgument, 'absent'],
  [code.argumentVersionMismatch, 'absent'],
  [code.notSupported, 'absent'],
  [code.noPermission, 'absent'],
  [code.notFound, 'absent'],
  [code.functionNotFound, 'absent'],
  [code.noData, 'absent'],
  [code.vgpuEccNotSupported, 'absent'],
  [code.freqNotSupported, 'absent'],
  [code.deprecated, 'absent'],
  [code.gpuIsLost, 'lost'],
  [code.resetRequired, 'lost'],
  [code.gpuNotFound, 'lost'],
  [code.uninitialized, 'closed'],
  [code.driverNotLoaded, 'closed'],
  [code.libRmVersionMismatch, 'closed'],
]);

export function meaningOf(value: number): Meaning {
  return meanings.get(value) ?? 'failed';
}
