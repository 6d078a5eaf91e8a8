import { type Family, type Labels, shareOut } from '@inferometer/core';
import type { GpuReading } from '@inferometer/gpu';

/** Energy that a model and a tenant are thought to have taken. */
export interface EnergyShare {
  readonly model: string;
  readonly tenant: string;
  /** `cuda:0` */
  readonly inferenceDevice: string;
  readonly joules: number;
}

/**
 * Shares the energy of each device out over models and tenants.
 *
 * An estimate: what a device took between two readings, idle or not, goes to the models and tenants whose runs ended on
 * it meanwhile, by the device time of those runs. Energy of an interval in which no run ended is nobody's.
 */
export interface EnergyShares {
  /**
   * @param readings of all devices, at one time
   * @param deviceTimes the counter of device time by model, tenant and device, s
   * @param atMs monotonic
   */
  add(readings: readonly GpuReading[], deviceTimes: Family | undefined, atMs: number): EnergyShare[];
}

interface Use {
  readonly model: string;
  readonly tenant: string;
  readonly seconds: number;
}

interface User {
  readonly model: string;
  readonly tenant: string;
  readonly device: string;
  readonly key: string;
}

/** Labels of a series are the same array each time that it is read: most of the cost is understanding them. */
const users = new WeakMap<Labels, User>();

function userOf(labels: Labels): User {
  let user = users.get(labels);
  if (user === undefined) {
    const { model = '', tenant = '', inference_device: device = 'cpu' } = Object.fromEntries(labels);
    user = { model, tenant, device, key: JSON.stringify([model, tenant, device]) };
    users.set(labels, user);
  }
  return user;
}

/** Energies are shared in whole millionths of a joule: the device counts in thousandths. */
export function createEnergyShares(): EnergyShares {
  let joulesBefore = new Map<string, number>();
  let usedBefore = new Map<string, number>();
  let beforeMs: number | undefined;
  return {
    add(readings, deviceTimes, atMs) {
      const used = new Map<string, number>();
      const uses = new Map<string, Use[]>();
      for (const { labels, value = 0 } of deviceTimes?.series ?? []) {
        const { model, tenant, device, key } = userOf(labels);
        used.set(key, value);
        const seconds = value - (usedBefore.get(key) ?? 0);
        if (seconds > 0) uses.set(device, [...(uses.get(device) ?? []), { model, tenant, seconds }]);
      }
      const joules = new Map<string, number>();
      const shares: EnergyShare[] = [];
      for (const reading of readings) {
        const { id, inferenceDevice, energyJoules } = reading;
        if (energyJoules !== undefined) joules.set(id, energyJoules);
        const usesOfIt = inferenceDevice === undefined ? undefined : uses.get(inferenceDevice);
        const taken = takenBy(reading, joulesBefore.get(id), beforeMs === undefined ? 0 : atMs - beforeMs);
        // Before the first reading there is no interval, and what was used in it is not ours to share.
        if (beforeMs === undefined || usesOfIt === undefined || inferenceDevice === undefined) continue;
        shares.push(...shareOf(taken, usesOfIt, inferenceDevice));
      }
      [joulesBefore, usedBefore, beforeMs] = [joules, used, atMs];
      return shares;
    },
  };
}

function shareOf(joules: number, users: readonly Use[], inferenceDevice: string): EnergyShare[] {
  if (!(joules > 0)) return [];
  const parts = shareOut(
    joules,
    users.map(({ seconds }) => seconds),
  );
  return users.map(({ model, tenant }, i) => ({
    model,
    tenant,
    inferenceDevice,
    joules: parts[i] as number,
  }));
}

/** By the device's own counter; of one that has none, its power for as long as the interval was. */
function takenBy(reading: GpuReading, joulesBefore: number | undefined, intervalMs: number): number {
  const { energyJoules, powerWatts } = reading;
  if (energyJoules !== undefined) return joulesBefore === undefined ? 0 : energyJoules - joulesBefore;
  return ((powerWatts ?? 0) * intervalMs) / 1000;
}
