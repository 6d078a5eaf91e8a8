import {
  describeWithParts,
  runProgram,
  startFakeNvml,
  waitFor,
  withoutOwnSettings,
} from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { watch } from './watching.ts';

const two = 'devices 2\n* power 100000\n* utilization 50 0\n';
const states = (report: { devices: readonly { state: string }[] }): string[] =>
  report.devices.map(({ state }) => state);

describeWithParts('a driver in trouble', ['cc'], () => {
  test('a call that hangs is given up after the limit, and readings come back by themselves', async () => {
    await using watched = await watch(two, { timeoutMs: 2000 });
    await watched.next('readings', () => true);
    await watched.fake.say(`${two}1 temperature hang\n`);
    const trouble = await watched.nextTrouble();
    expect(trouble).toMatchObject({ reason: 'hang', isAbsent: false, retryMs: 20 });
    await watched.fake.say(two);
    const back = await watched.next('readings', () => true);
    expect(states(back)).toEqual(['ok', 'ok']);
  });

  test('a device that hangs again is left alone, and the others are read', async () => {
    const alike = `${two}* cores 16896\n* max_clock 1980\n`;
    await using watched = await watch(alike, { timeoutMs: 1500 });
    await watched.next('readings', () => true);
    await watched.fake.say(`${alike}0 power hang\n`);
    const report = await watched.next('the other', ({ devices }) => devices[0]?.state === 'failed');
    expect(report.devices[1]).toMatchObject({ state: 'ok', powerWatts: 100, inferenceDevice: 'cuda:1' });
    expect(report.devices[0]).toEqual({
      id: 'GPU-00000000-0000-4000-8000-000000000000',
      index: 0,
      name: 'NVIDIA H100 80GB HBM3',
      inferenceDevice: 'cuda:0',
      state: 'failed',
    });
    expect(watched.troubles.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['hang', 'hang']));
    await watched.next('the next one', ({ devices }) => devices.length === 2);
  }, 60_000);

  test('a driver that fails for ever is tried in ever longer pauses', async () => {
    await using watched = await watch(two);
    await watched.next('readings', () => true);
    await watched.fake.say('init error 999\ndevices 2\n* * error 1\n');
    await waitFor('four attempts', () => watched.troubles.length >= 4);
    const [first, ...others] = watched.troubles.slice(0, 4);
    expect(first).toMatchObject({ reason: 'uninitialized', retryMs: 20 });
    expect(others.map(({ reason, retryMs }) => [reason, retryMs])).toEqual([
      ['unknown', 40],
      ['unknown', 80],
      ['unknown', 160],
    ]);
  });

  test('a crash of the library costs its process, and no more', async () => {
    await using watched = await watch(two);
    await watched.next('readings', () => true);
    await watched.fake.say(`${two}0 power crash\n`);
    const trouble = await watched.nextTrouble();
    expect(trouble.reason).toBe('crash');
    expect(trouble.message).toContain('SIGABRT');
    await watched.fake.say(two);
    expect(states(await watched.next('readings', () => true))).toEqual(['ok', 'ok']);
  });

  test.each([
    ['is lost', 15, 'gpu_is_lost'],
    ['needs a reset', 16, 'reset_required'],
  ])('a device that %s fails alone, and recovers', async (_, code, reason) => {
    await using watched = await watch(two);
    await watched.next('readings', () => true);
    await watched.fake.say(`${two}1 * error ${code}\n`);
    const lost = await watched.next('a failure', (report) => states(report)[1] === 'failed');
    expect(lost.devices[0]).toMatchObject({ state: 'ok', powerWatts: 100 });
    // Which one it is, and nothing that it does not say any more.
    expect(Object.keys(lost.devices[1] ?? {}).sort()).toEqual(
      expect.arrayContaining(['id', 'index', 'name', 'state']),
    );
    expect(lost.devices[1]).not.toHaveProperty('powerWatts');
    expect(lost.failures[reason]).toBeGreaterThan(0);
    await watched.fake.say(two);
    const back = await watched.next('the device', (report) => states(report)[1] === 'ok');
    expect(back.devices[1]).toMatchObject({ powerWatts: 100 });
    expect(watched.troubles).toEqual([]);
  });

  test('a device of which every call fails has failed, one of which some fail has not', async () => {
    await using watched = await watch(`${two}0 * error 999\n1 temperature error 999\n`);
    // A device that never said which one it is cannot be told of; its failures are counted.
    const report = await watched.next('readings', () => true);
    expect(report.failures.unknown).toBeGreaterThan(0);
    const working = report.devices.find(({ index }) => index === 1);
    expect(working).toMatchObject({ state: 'ok', powerWatts: 100 });
    expect(working).not.toHaveProperty('temperatureCelsius');
    await watched.fake.say(two);
    await watched.next('both', ({ devices }) => devices.length === 2);
    await watched.fake.say(`${two}0 * error 999\n`);
    await watched.next('a failure', (one) => states(one)[0] === 'failed');
  });

  test('a device that vanishes is not told of any more', async () => {
    await using watched = await watch(two);
    await watched.next('readings', ({ devices }) => devices.length === 2);
    await watched.fake.say('devices 1\n* power 100000\n1 * error 15\n');
    const report = await watched.next('one device', ({ devices }) => devices.length === 1);
    expect(report.devices[0]?.index).toBe(0);
    await watched.fake.say('devices 0\n* * error 15\n');
    expect((await watched.nextTrouble()).reason).toBe('no_devices');
  });

  test('a driver that is unloaded is said, and read again when it is there', async () => {
    await using watched = await watch(two);
    await watched.next('readings', () => true);
    await watched.fake.say('init error 9\ndevices 2\n* * error 9\n');
    expect(await watched.nextTrouble()).toMatchObject({ reason: 'driver_not_loaded', isAbsent: false });
    await watched.fake.say(two);
    await watched.next('readings', () => true);
  });

  test.each([
    ['no driver', 'init error 9\n', 'driver_not_loaded'],
    ['no device', 'devices 0\n', 'no_devices'],
  ])(
    'a machine with a library and %s is just one without a GPU, and looked at now and then',
    async (_, script, reason) => {
      await using watched = await watch(script);
      const trouble = await waitFor('trouble', () => watched.troubles[0]);
      expect(trouble).toMatchObject({ reason, isAbsent: true, retryMs: 300_000 });
    },
  );

  test('counters go on from where they were when a device was reset', async () => {
    const counting = (energy: number): string => `devices 1\n* energy ${energy}\n* ecc 5 0\n`;
    await using watched = await watch(counting(5_000_000));
    await watched.next('readings', ({ devices }) => devices[0]?.energyJoules === 5000);
    await watched.fake.say(counting(7_000_000));
    await watched.next('more', ({ devices }) => devices[0]?.energyJoules === 7000);
    await watched.fake.say(counting(1000));
    await watched.next('a reset', ({ devices }) => devices[0]?.energyJoules === 7001);
    await watched.fake.say(counting(2000));
    await watched.next('more', ({ devices }) => devices[0]?.energyJoules === 7002);
  });

  test('bytes over PCIe are counted where the device does, also when 32 bits wrap', async () => {
    const moving = (bytes: number): string =>
      `devices 1\n* pcie 5 5\n* field_197 ${bytes} 1\n* field_198 1000\n`;
    const near = 2 ** 32 - 1000;
    await using watched = await watch(moving(near));
    await watched.next('readings', ({ devices }) => devices[0]?.pcieTransmitBytes === near);
    await watched.fake.say(moving(500));
    const wrapped = await watched.next('more', ({ devices }) => devices[0]?.pcieTransmitBytes !== near);
    expect(wrapped.devices[0]).toMatchObject({ pcieTransmitBytes: near + 1500, pcieReceive: 0 });
    expect(wrapped.devices[0]?.pcieTransmit).toBeGreaterThan(0);
  });

  test('Xids are counted by number, also over a loss of their device', async () => {
    const script = 'devices 2\n* power 100000\n* events on\n';
    await using watched = await watch(script);
    await watched.next('readings', ({ devices }) => devices[1]?.errors?.xid_79 === 0);
    await watched.fake.say(`${script}1 xid 13\n1 xid 79\n`);
    const first = await watched.next('the event', ({ devices }) => devices[1]?.errors?.xid_79 === 1);
    expect(first.devices[1]?.errors?.xid_13).toBe(1);
    expect(first.devices[0]?.errors?.xid_79).toBe(0);
    await watched.fake.say(`${script}1 xid 13\n1 xid 79\n1 * error 15\n`);
    await watched.next('a failure', (report) => states(report)[1] === 'failed');
    await watched.fake.say(`${script}1 xid 13\n1 xid 79\n`);
    const back = await watched.next('the device', (report) => states(report)[1] === 'ok');
    expect(back.devices[1]?.errors).toMatchObject({ xid_13: 1, xid_79: 1 });
  });

  test('the end of the process is held up neither by readings nor by a driver that hangs, and leaves none behind', async () => {
    await using fake = await startFakeNvml(`${two}0 temperature hang\n`);
    const program = `
      import { watchGpus } from '@inferometer/gpu';
      import { readFileSync } from 'node:fs';
      watchGpus({ library: process.env.INFEROMETER_NVML_LIBRARY, scope: 'own', intervalMs: 20, timeoutMs: 60000,
        env: process.env, polled() {}, trouble() {} });
      // Ended when the reading process is in the call that hangs: asleep for good, in pause().
      const look = setInterval(() => {
        const children = readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim();
        if (children === '') return;
        if (!readFileSync('/proc/' + children + '/syscall', 'utf8').startsWith(process.arch === 'x64' ? '34 ' : '73 ')) return;
        console.log(children);
        if (process.argv[1] === 'exit') process.exit(0);
        clearInterval(look);
      }, 20);`;
    for (const end of ['exit', 'nothing left to do']) {
      const { code, stdout } = await runProgram(
        process.execPath,
        ['--input-type=module', '-e', program, end],
        {
          cwd: new URL('..', import.meta.url).pathname,
          env: { ...withoutOwnSettings(), ...fake.env },
        },
      );
      expect(code).toBe(0);
      const pid = Number(stdout);
      expect(pid).toBeGreaterThan(1);
      await waitFor('the reading process to end', () => !isRunning(pid));
    }
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
