import type { VisibleCandidate } from './candidate.ts';
import { containerDevices } from './container-devices.ts';
import { type CudaEnv, cudaDevices } from './cuda-devices.ts';

export interface VisibleEnv extends CudaEnv {
  readonly NVIDIA_VISIBLE_DEVICES?: string | undefined;
}

/** Devices that this process may use, and what its frameworks call them. */
export interface VisibleDevices<T> {
  readonly devices: readonly T[];
  /** `cuda:0` and so on, by UUID. */
  readonly inferenceDevices: ReadonlyMap<string, string>;
}

/**
 * What the container and CUDA's own variable leave of the devices. Without a choice by `CUDA_VISIBLE_DEVICES` all parts
 * of divided devices are the process's to choose from, though CUDA shows it the first one only.
 */
export function visibleDevices<T extends VisibleCandidate>(
  all: readonly T[],
  env: VisibleEnv,
  hasNode: (minor: number) => boolean,
): VisibleDevices<T> {
  const ours = containerDevices(all, env.NVIDIA_VISIBLE_DEVICES, hasNode);
  const shown = cudaDevices(ours, env);
  const devices =
    env.CUDA_VISIBLE_DEVICES === undefined
      ? ours.filter(({ isDivided }) => !isDivided)
      : all.filter((one) => shown.includes(one));
  return {
    devices,
    inferenceDevices: new Map(shown.map(({ id }, ordinal) => [id, `cuda:${ordinal}`])),
  };
}
