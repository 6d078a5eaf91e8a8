import { type GpuReading, type GpuReport, type GpuWatchOptions, watchGpus } from '@inferometer/gpu';
import { waitFor } from '@inferometer/testkit';
import { expect, test } from 'vitest';

/** What is read, whatever it is: a fake or a real driver. */
export interface Driver extends AsyncDisposable {
  readonly library: string;
  readonly env: NodeJS.ProcessEnv;
}

const polls = 12;

/** So many polls of a driver, and the readings of its devices in their order. */
export async function readings(
  driver: Driver,
  options: Partial<Pick<GpuWatchOptions, 'scope' | 'intervalMs' | 'env'>> = {},
): Promise<readonly GpuReport[]> {
  const { scope = 'own', intervalMs = 50, env = driver.env } = options;
  const reports: GpuReport[] = [];
  const troubles: string[] = [];
  const watch = watchGpus({
    library: driver.library,
    scope,
    intervalMs,
    timeoutMs: 20_000,
    env,
    polled: (report) => reports.push(report),
    trouble: ({ message }) => troubles.push(message),
  });
  try {
    await waitFor(`${polls} polls`, () => reports.length >= polls, { timeoutMs: 60_000 });
  } finally {
    watch.stop();
  }
  expect(troubles).toEqual([]);
  return reports;
}

const ratios = ['utilization', 'encoderUtilization', 'decoderUtilization'] as const;
const positive = [
  'memoryLimitBytes',
  'smClockHertz',
  'memoryClockHertz',
] as const satisfies readonly (keyof GpuReading)[];
const counters = [
  'energyJoules',
  'pcieTransmitBytes',
  'pcieReceiveBytes',
  'nvlinkTransmitBytes',
  'nvlinkReceiveBytes',
] as const;

/** What holds for each driver and device. @param start makes a driver to read */
export function readingsHold(start: () => Promise<Driver>): void {
  test('each device says which one it is, and is read without a failure', async () => {
    await using driver = await start();
    const reports = await readings(driver);
    const [first] = reports;
    const ids = first?.devices.map(({ id }) => id) ?? [];
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^(GPU|MIG)-[0-9a-f-]{36}/);
    for (const { devices, failures, driverVersion } of reports) {
      expect(devices.map(({ id }) => id)).toEqual(ids);
      expect(failures).toEqual({});
      expect(driverVersion).toMatch(/^\d+\.\d+/);
    }
    const ordinals = first?.devices.flatMap(({ inferenceDevice }) => inferenceDevice ?? []).sort();
    expect(ordinals).toEqual(ordinals?.map((_, i) => `cuda:${i}`));
  });

  test('each reading that is there is in its range', async () => {
    await using driver = await start();
    for (const { devices } of await readings(driver, { scope: 'all' })) {
      for (const device of devices) {
        for (const name of ratios) {
          if (device[name] === undefined) continue;
          expect(device[name], name).toBeGreaterThanOrEqual(0);
          expect(device[name], name).toBeLessThanOrEqual(1);
        }
        for (const name of positive)
          if (device[name] !== undefined) expect(device[name], name).toBeGreaterThan(0);
        const {
          memoryUsedBytes = 0,
          memoryLimitBytes = 0,
          powerWatts = 50,
          temperatureCelsius = 40,
        } = device;
        expect(memoryUsedBytes).toBeLessThanOrEqual(memoryLimitBytes);
        expect(powerWatts).toBeGreaterThanOrEqual(0);
        expect(powerWatts).toBeLessThan(5000);
        expect(temperatureCelsius).toBeGreaterThan(0);
        expect(temperatureCelsius).toBeLessThan(130);
        for (const [kind, count] of Object.entries(device.errors ?? {})) {
          expect(Number.isInteger(count), kind).toBe(true);
        }
      }
    }
  });

  test('counters do not fall', async () => {
    await using driver = await start();
    const reports = await readings(driver);
    for (const [i, device] of (reports[0]?.devices ?? []).entries()) {
      for (const name of counters) {
        if (device[name] === undefined) continue;
        const values = reports.map(({ devices }) => devices[i]?.[name] ?? Number.NaN);
        expect(values, name).toEqual([...values].sort((a, b) => a - b));
      }
    }
  });

  test('CUDA_VISIBLE_DEVICES leaves one device by its UUID, and none', async () => {
    await using driver = await start();
    const all = (await readings(driver, { scope: 'all' }))[0]?.devices ?? [];
    const last = all.at(-1) as GpuReading;
    const [only] = await readings(driver, { env: { ...driver.env, CUDA_VISIBLE_DEVICES: last.id } });
    expect(only?.devices.map(({ id, inferenceDevice }) => [id, inferenceDevice])).toEqual([
      [last.id, 'cuda:0'],
    ]);
  });
}
