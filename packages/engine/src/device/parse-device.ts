/** Where a model is to run. */
export interface DeviceChoice {
  /** Such as `cpu`, or `cuda:0` and `cuda:1`: executors are shared out among them in order. */
  readonly devices: readonly [string, ...string[]];
  /** Whether it runs on the CPU where the devices cannot be used. */
  readonly fallsBack: boolean;
}

/** What `parseDevice` takes, for messages. */
export const deviceForms =
  'cpu, cuda, cuda:N, several such as cuda:0,cuda:1, or one with cpu to fall back on, cuda,cpu';

const cuda = /^cuda(?::(\d{1,3}))?$/;

/**
 * Reads `cpu`, `cuda[:N]`, or a list with commas whose last one may be `cpu`: what is used where the others cannot be.
 * @returns undefined if it is none of these
 */
export function parseDevice(text: string): DeviceChoice | undefined {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length === 1 && parts[0] === 'cpu') return { devices: ['cpu'], fallsBack: false };
  const fallsBack = parts.at(-1) === 'cpu';
  const devices = (fallsBack ? parts.slice(0, -1) : parts).map(cudaName);
  const [first, ...others] = devices;
  if (first === undefined || others.includes(undefined) || new Set(devices).size < devices.length)
    return undefined;
  return { devices: [first, ...(others as string[])], fallsBack };
}

function cudaName(part: string): string | undefined {
  const match = cuda.exec(part);
  return match ? `cuda:${Number(match[1] ?? 0)}` : undefined;
}

/** Whether a model runs on the CPU and nowhere else. */
export function isCpuAlone(device: string): boolean {
  return device.trim() === 'cpu';
}
