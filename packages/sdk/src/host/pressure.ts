import type { ReadFile } from './read-file.ts';

/** Time in which work stood still for want of a resource (PSI, pressure stall information). */
export interface PressureReading {
  readonly resource: 'cpu' | 'memory' | 'io';
  /** `some`: of at least one task; `full`: of all at once. */
  readonly kind: 'some' | 'full';
  readonly seconds: number;
}

const resources = ['cpu', 'memory', 'io'] as const;

/**
 * @param fileOf where the kernel tells of a resource
 * @returns nothing of what the kernel does not tell
 */
export function readPressure(
  fileOf: (resource: PressureReading['resource']) => string,
  read: ReadFile,
): readonly PressureReading[] {
  return resources.flatMap((resource) =>
    [...(read(fileOf(resource)) ?? '').matchAll(/^(some|full) .*\btotal=(\d+)/gm)].map(([, kind, total]) => ({
      resource,
      kind: kind as PressureReading['kind'],
      seconds: Number(total) / 1e6,
    })),
  );
}
