import { code } from './codes.ts';
import type { NvmlDevice } from './devices.ts';
import { layouts, xidEvent } from './layouts.ts';
import type { Nvml } from './library.ts';

/** Errors of devices that the driver reports as events (Xid). */
export interface XidEvents extends Disposable {
  /** Takes in the events that have come. */
  take(): void;
}

/** How often each Xid came, by the device's UUID. */
export type XidCounts = Map<string, Map<number, number>>;

/**
 * Xids after which something has to be done, from NVIDIA's list: double-bit ECC errors, remapped rows, NVLink, a device
 * that fell off the bus, contained and uncontained memory errors, a GPU system processor that does not answer. They
 * are counted from 0 on: a rate sees the first event only if the series was there before it.
 */
const severe = [48, 63, 64, 74, 79, 94, 95, 119];

/** Events taken at once, at most: a storm of them must not hold up the readings. */
const most = 64;

const pointer = new BigUint64Array(1);
const event = Buffer.alloc(layouts.eventData.bytes);

/**
 * Listens to those of the devices that report events.
 * @param counts what was counted before, which is added to; a device that is listened to has its place there
 */
export function listenForXids(nvml: Nvml, devices: readonly NvmlDevice[], counts: XidCounts): XidEvents {
  const ids = new Map<number, string>();
  const created = nvml.nvmlEventSetCreate(pointer);
  const set = created === code.success ? Number(pointer[0]) : undefined;
  for (const { id, handle, parentId } of set === undefined ? [] : devices) {
    if (handle === undefined || parentId !== undefined) continue;
    if (nvml.nvmlDeviceRegisterEvents(handle, xidEvent, set as number) !== code.success) continue;
    ids.set(handle, id);
    if (!counts.has(id)) counts.set(id, new Map(severe.map((xid) => [xid, 0])));
  }
  return {
    take() {
      if (set === undefined || ids.size === 0) return;
      for (let taken = 0; taken < most; taken++) {
        if (nvml.nvmlEventSetWait_v2(set, event, 0) !== code.success) return;
        const id = ids.get(Number(event.readBigUInt64LE(layouts.eventData.device)));
        const ofDevice = id === undefined ? undefined : counts.get(id);
        const xid = Number(event.readBigUInt64LE(layouts.eventData.data));
        ofDevice?.set(xid, (ofDevice.get(xid) ?? 0) + 1);
      }
    },
    [Symbol.dispose]() {
      if (set !== undefined) nvml.nvmlEventSetFree(set);
    },
  };
}
