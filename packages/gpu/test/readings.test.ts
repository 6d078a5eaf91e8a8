import { buildOldNvml, describeWithParts } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';
import { code, meaningOf, nameOfCode } from '../src/nvml/codes.ts';
import { everything, look, watch } from './watching.ts';

describeWithParts('readings of a fake driver', ['cc'], () => {
  test('every field comes in its unit', async () => {
    const { devices, driverVersion, problem } = await look(`devices 1\ndriver 580.95.05\n${everything}`);
    expect(problem).toBeUndefined();
    expect(driverVersion).toBe('580.95.05');
    const [reading] = devices;
    expect(reading).toMatchObject({
      id: 'GPU-11111111-2222-3333-4444-555555555555',
      index: 0,
      name: 'NVIDIA H100 80GB HBM3',
      inferenceDevice: 'cuda:0',
      state: 'ok',
      utilization: 0.75,
      encoderUtilization: 0.12,
      decoderUtilization: 0.34,
      memoryLimitBytes: 85_899_345_920,
      memoryUsedBytes: 21_474_836_480,
      temperatureCelsius: 63,
      memoryTemperatureCelsius: 71,
      smClockHertz: 1.98e9,
      memoryClockHertz: 2.619e9,
      pcieTransmit: 1.2e6,
      pcieReceive: 3.4e6,
      nvlinkTransmitBytes: 1_024_000,
      nvlinkReceiveBytes: 2_048_000,
    });
    expect(reading?.powerWatts).toBeCloseTo(350.5, 9);
    expect(reading?.energyJoules).toBeCloseTo(123_456.789, 6);
    expect(reading?.throttled).toEqual({
      applications_clocks_setting: false,
      sw_power_cap: true,
      hw_slowdown: false,
      sync_boost: false,
      sw_thermal_slowdown: true,
      hw_thermal_slowdown: false,
      hw_power_brake_slowdown: false,
    });
    expect(reading?.errors).toMatchObject({
      ecc_corrected: 7,
      ecc_uncorrected: 1,
      pcie_replay: 3,
      xid_79: 0,
    });
    // PID 1 is in both lists; whether it is somebody else's can be told outside a container only.
    expect(reading?.processes?.main).toEqual({ memoryBytes: 4_294_967_296, utilization: 0.38 });
    expect([undefined, { memoryBytes: 1000, utilization: 0.2 }]).toContainEqual(reading?.processes?.other);
  });

  test('what is not supported is absent, and never 0', async () => {
    const { devices } = await look('devices 1\n');
    expect(devices).toEqual([
      {
        id: 'GPU-00000000-0000-4000-8000-000000000000',
        index: 0,
        name: 'NVIDIA H100 80GB HBM3',
        inferenceDevice: 'cuda:0',
        state: 'ok',
      },
    ]);
  });

  test('an idle device is 0, which is a reading', async () => {
    const { devices } = await look(
      'devices 1\n* utilization 0 0\n* power 0\n* memory 100 0 0\n* encoder 0\n',
    );
    expect(devices[0]).toMatchObject({
      utilization: 0,
      powerWatts: 0,
      memoryUsedBytes: 0,
      encoderUtilization: 0,
    });
    expect(devices[0]).not.toHaveProperty('decoderUtilization');
  });

  describe('each code that NVML has', () => {
    const codes = Object.values(code).filter((one) => one !== code.success);
    const half = Math.ceil(codes.length / 2);
    test.each([
      ['the first half', codes.slice(0, half)],
      ['the second half', codes.slice(half)],
    ])('costs no more than its own reading, its device or its library: %s', async (_, some) => {
      const alone = some.filter((one) => meaningOf(one) !== 'closed');
      const script = alone.map((one, i) => `${i} power error ${one}`).join('\n');
      await using watched = await watch(
        `devices ${alone.length}\n* temperature 40\n* utilization 10 0\n${script}\n`,
      );
      const { devices, failures } = await watched.next('a poll', () => true);
      expect(devices).toHaveLength(alone.length);
      for (const [i, one] of alone.entries()) {
        const meaning = meaningOf(one);
        const reading = devices[i];
        expect(reading, nameOfCode(one)).not.toHaveProperty('powerWatts');
        expect(reading?.state, nameOfCode(one)).toBe(meaning === 'lost' ? 'failed' : 'ok');
        if (meaning === 'lost') expect(reading, nameOfCode(one)).not.toHaveProperty('temperatureCelsius');
        else expect(reading?.temperatureCelsius, nameOfCode(one)).toBe(40);
        expect(failures[nameOfCode(one)], nameOfCode(one)).toBe(meaning === 'absent' ? undefined : 1);
      }
    });

    test.each(
      codes.filter((one) => meaningOf(one) === 'closed').map((one) => [nameOfCode(one), one] as const),
    )('%s ends the reading process, which says why', async (name, one) => {
      const { devices, problem } = await look(`devices 1\n* power error ${one}\n`);
      expect(devices).toEqual([]);
      expect(problem).toContain(name);
    });
  });

  test('a driver that cannot be opened is said with its code', async () => {
    const { problem } = await look('init error 9\ndevices 1\n');
    expect(problem).toBe('NVML says driver_not_loaded (9)');
  });

  test('no library is said with the linker’s words', async () => {
    const { problem, devices } = await look('', { library: '/nowhere/libnvidia-ml.so.1' });
    expect(devices).toEqual([]);
    expect(problem).toMatch(/nowhere/);
  });

  test('a driver that is too old has fewer readings, and those by their older functions', async () => {
    const library = await buildOldNvml([
      'nvmlDeviceGetMemoryInfo_v2',
      'nvmlDeviceGetCurrentClocksEventReasons',
      'nvmlDeviceGetSupportedClocksEventReasons',
      'nvmlDeviceGetTemperatureV',
      'nvmlDeviceGetFieldValues',
      'nvmlDeviceGetProcessUtilization',
      'nvmlDeviceGetRemappedRows',
      'nvmlDeviceGetMigMode',
      'nvmlEventSetWait_v2',
      'nvmlDeviceGetNumGpuCores',
    ]);
    const { devices, problem } = await look(`devices 1\n${everything}`, { library });
    expect(problem).toBeUndefined();
    expect(devices[0]).toMatchObject({
      // The older function counts what is reserved as used.
      memoryUsedBytes: 21_474_836_480 + 524_288_000,
      temperatureCelsius: 63,
      throttled: { sw_power_cap: true },
      processes: { main: { memoryBytes: 4_294_967_296 } },
    });
    expect(devices[0]).not.toHaveProperty('nvlinkTransmitBytes');
    expect(devices[0]).not.toHaveProperty('memoryTemperatureCelsius');
  });

  test('a newer driver without the plain temperature has the newer one', async () => {
    const library = await buildOldNvml(['nvmlDeviceGetTemperature']);
    const { devices } = await look('devices 1\n* temperature 51\n', { library });
    expect(devices[0]?.temperatureCelsius).toBe(51);
  });

  test.each([
    ['slowed down by its hardware', '* throttled 0x40\n* throttle_supported 0x1ff\n', 'degraded'],
    ['with a row that waits for a reset', '* remapped 1 1 1 0\n', 'degraded'],
    ['with a row that could not be replaced', '* remapped 0 1 0 1\n', 'degraded'],
    ['at its power limit', '* throttled 0x4\n* throttle_supported 0x1ff\n', 'ok'],
    ['with rows replaced long ago', '* remapped 1 1 0 0\n', 'ok'],
  ])('a device %s', async (_, lines, state) => {
    const { devices } = await look(`devices 1\n* power 1000\n${lines}`);
    expect(devices[0]?.state).toBe(state);
  });
});
