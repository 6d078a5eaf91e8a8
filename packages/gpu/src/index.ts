export { type Counters, createCounters, growth } from './counters.ts';
export { findNvml, type LibrarySearch } from './find-library.ts';
export { type GpuInspection, inspectGpus } from './inspect-gpus.ts';
export type {
  GpuIdentity,
  GpuPoll,
  GpuProcess,
  GpuProcessReading,
  GpuReader,
  GpuReading,
  GpuState,
} from './reading.ts';
export { GpuUnavailable } from './reading.ts';
export type { VisibleCandidate } from './visible/candidate.ts';
export { containerDevices } from './visible/container-devices.ts';
export { type CudaEnv, cudaDevices } from './visible/cuda-devices.ts';
export { type VisibleDevices, type VisibleEnv, visibleDevices } from './visible/visible-devices.ts';
export {
  type GpuReport,
  type GpuTrouble,
  type GpuWatch,
  type GpuWatchOptions,
  watchGpus,
} from './watch-gpus.ts';
