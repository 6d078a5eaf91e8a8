import type { BatchShare } from './record.ts';

/** What a request took of model runs: its shares of batches, and their time where each kind of it was spent. */
export class DeviceUse {
  readonly batches: BatchShare[] = [];
  /** Time of model runs that was this request's, ms. */
  ms = 0;
  /** CPU that executors took in them for its part, ms. */
  cpuMs = 0;
  /** Where they ran, with commas between several. */
  device: string | undefined;

  add(ms: number, device: string | undefined, cpuMs: number): void {
    this.ms += ms;
    this.cpuMs += cpuMs;
    if (device !== undefined && device !== this.device) this.device = withDevice(this.device, device);
  }
}

/** Devices in the order in which they were used, each once. */
function withDevice(known: string | undefined, device: string): string {
  if (known === undefined) return device;
  return known.split(',').includes(device) ? known : `${known},${device}`;
}

/** Of a request that ran no model. */
export const noBatches: readonly BatchShare[] = [];
