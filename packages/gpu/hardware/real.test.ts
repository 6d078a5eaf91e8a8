/**
 * The suite of `npm run test:gpu`: what holds for every driver, of the real one, and its readings beside nvidia-smi's.
 * Without an NVIDIA GPU it is skipped and says so.
 */
import { findNvml, type GpuReading, inspectGpus } from '@inferometer/gpu';
import { waitFor } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';
import { type Driver, readings, readingsHold } from '../test/conformance.ts';
import { nvidiaSmi, type SmiReading, type smiFields } from './nvidia-smi.ts';

const env = { ...process.env, INFEROMETER_NVML_LIBRARY: undefined };
const { library } = findNvml(env);
const { devices, problem } = await inspectGpus(env, 'all', 60_000);
const title = devices.length > 0 ? `on ${devices[0]?.name}` : `skipped: ${problem}`;
if (devices.length === 0) console.log(`no NVIDIA GPU on this machine: ${problem}`);

const start = async (): Promise<Driver> => ({
  library: library as string,
  env,
  [Symbol.asyncDispose]: async () => {},
});

/** Of a reading of ours: what nvidia-smi calls it, and in its unit. */
const fields: readonly (readonly [
  field: (typeof smiFields)[number],
  ours: (reading: GpuReading) => number | undefined,
  /** Of readings that are whole numbers: one step. */
  step: number,
])[] = [
  ['utilization.gpu', ({ utilization }) => times(utilization, 100), 1],
  ['memory.used', ({ memoryUsedBytes }) => times(memoryUsedBytes, 2 ** -20), 1],
  ['memory.total', ({ memoryLimitBytes }) => times(memoryLimitBytes, 2 ** -20), 1],
  ['power.draw', ({ powerWatts }) => powerWatts, 0.01],
  ['temperature.gpu', ({ temperatureCelsius }) => temperatureCelsius, 1],
  ['clocks.sm', ({ smClockHertz }) => times(smClockHertz, 1e-6), 1],
  ['clocks.mem', ({ memoryClockHertz }) => times(memoryClockHertz, 1e-6), 1],
  ['utilization.encoder', ({ encoderUtilization }) => times(encoderUtilization, 100), 1],
  ['utilization.decoder', ({ decoderUtilization }) => times(decoderUtilization, 100), 1],
  ['ecc.errors.corrected.volatile.total', ({ errors }) => errors?.ecc_corrected, 1],
];

function times(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}

describe.skipIf(devices.length === 0)(title, () => {
  readingsHold(start);

  test.for(fields)(
    '%s is within a twentieth of what nvidia-smi says at the same time',
    { timeout: 120_000 },
    async ([field, ours, step]) => {
      await using driver = await start();
      // What changes while both look (power, clocks) agrees with one of the readings around it, or at the next attempt.
      const rows = await waitFor(
        `${field} to agree`,
        async () => {
          const before = (await readings(driver, { scope: 'all' })).at(-1)?.devices ?? [];
          const smi = await nvidiaSmi();
          const after = (await readings(driver, { scope: 'all' }))[0]?.devices ?? [];
          const compared = smi.map((one) => compare(one, before, after));
          return compared.every(({ agrees }) => agrees) ? compared : undefined;
        },
        { timeoutMs: 110_000 },
      );
      for (const { uuid, theirs, range } of rows) {
        console.log(
          `${field} of ${uuid}: nvidia-smi ${theirs ?? 'none'}, ours ${range.join(' to ') || 'none'}`,
        );
      }

      function compare(smi: SmiReading, before: readonly GpuReading[], after: readonly GpuReading[]) {
        const theirs = smi[field];
        const range = [before, after]
          .flatMap((all) => all.filter(({ id }) => id === smi.uuid))
          .flatMap((reading) => ours(reading) ?? [])
          .sort((a, b) => a - b);
        const [low, high = low] = range;
        const slack = Math.max(step, 0.05 * Math.abs(theirs ?? 0));
        const agrees =
          theirs === undefined || low === undefined || high === undefined
            ? theirs === undefined && low === undefined
            : theirs >= low - slack && theirs <= high + slack;
        return { uuid: smi.uuid, theirs, range, agrees };
      }
    },
  );

  test('a poll of all devices takes little CPU', async () => {
    await using driver = await start();
    const warm = (await readings(driver, { scope: 'all', intervalMs: 100 })).slice(4);
    const mean = (of: (one: (typeof warm)[number]) => number): string =>
      ((warm.reduce((sum, one) => sum + of(one), 0) / warm.length) * 1000).toFixed(2);
    console.log(
      `${warm[0]?.devices.length} devices: ${mean(({ cpuSeconds }) => cpuSeconds)} ms of CPU, ${mean(({ seconds }) => seconds)} ms a poll`,
    );
    expect(Number(mean(({ cpuSeconds }) => cpuSeconds))).toBeLessThan(100);
  }, 120_000);
});
