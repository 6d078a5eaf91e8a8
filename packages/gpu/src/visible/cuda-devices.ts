import { isNamed, type VisibleCandidate } from './candidate.ts';

export interface CudaEnv {
  readonly CUDA_VISIBLE_DEVICES?: string | undefined;
  readonly CUDA_DEVICE_ORDER?: string | undefined;
}

/**
 * The devices that CUDA shows to a process, in CUDA's order: the first one is `cuda:0`.
 *
 * As CUDA reads it: numbers or UUIDs (or how they begin), not both; what is not one of them ends the list, and so does a
 * number that is too large; a device that is named twice makes the list empty, and so does an empty variable. A device
 * that is divided stands for its first part.
 * @param devices those that the container leaves, in the driver's order
 */
export function cudaDevices<T extends VisibleCandidate>(devices: readonly T[], env: CudaEnv): readonly T[] {
  const ordered = inCudaOrder(devices, env.CUDA_DEVICE_ORDER);
  const usable = ordered.filter(({ isDivided }) => !isDivided);
  const numbered = ordered.filter(
    ({ parentId, partIndex, isDivided }) =>
      !isDivided && (parentId === undefined || partIndex === firstPart(devices, parentId)),
  );
  const value = env.CUDA_VISIBLE_DEVICES;
  if (value === undefined) return withoutChoice(numbered);
  const entries = value.split(',').map((entry) => entry.trim());
  const isUuids = /^(GPU|MIG)-/.test(entries[0] ?? '');
  const chosen: T[] = [];
  for (const entry of entries) {
    const device = isUuids ? byUuid(usable, ordered, entry) : numbered[leadingNumber(entry)];
    if (device === undefined) break;
    if (chosen.includes(device)) return [];
    chosen.push(device);
  }
  return chosen;
}

/** CUDA shows a single MIG device, and no others beside it, unless it is told which. */
function withoutChoice<T extends VisibleCandidate>(numbered: readonly T[]): readonly T[] {
  const part = numbered.find(({ parentId }) => parentId !== undefined);
  return part === undefined ? numbered : [part];
}

/** The fastest first, unless the order of the PCI bus is asked for. */
function inCudaOrder<T extends VisibleCandidate>(
  devices: readonly T[],
  order: string | undefined,
): readonly T[] {
  if (order?.trim() === 'PCI_BUS_ID') return devices;
  return devices.toSorted((a, b) => b.speed - a.speed || a.index - b.index);
}

function firstPart(devices: readonly VisibleCandidate[], parentId: string): number | undefined {
  return devices.find((one) => one.parentId === parentId)?.partIndex;
}

/** A UUID that several devices begin with names none of them. */
function byUuid<T extends VisibleCandidate>(
  usable: readonly T[],
  all: readonly T[],
  entry: string,
): T | undefined {
  if (!/^(GPU|MIG)-./.test(entry)) return undefined;
  const found = usable.filter((one) => isNamed(one, entry));
  if (found.length > 0) return found.length === 1 ? found[0] : undefined;
  const divided = all.filter((one) => one.isDivided && isNamed(one, entry));
  if (divided.length !== 1) return undefined;
  return usable.find(({ parentId }) => parentId === divided[0]?.id);
}

/** The number that an entry begins with, as C's strtoul reads it: 1 for `1gpu`; -1 for none or a negative one. */
function leadingNumber(entry: string): number {
  const [, digits] = /^\+?(\d+)/.exec(entry) ?? [];
  return digits === undefined ? -1 : Number(digits);
}
