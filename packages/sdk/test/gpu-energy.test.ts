import type { Family } from '@inferometer/core';
import type { GpuReading } from '@inferometer/gpu';
import { expect, test } from 'vitest';
import { createEnergyShares } from '../src/worker/gpu/energy-shares.ts';

type Times = Readonly<Record<string, number>>;

/** `model tenant device` → seconds. */
function deviceTimes(times: Times): Family {
  return {
    name: 'inference_device_time_seconds_total',
    help: '',
    type: 'counter',
    series: Object.entries(times).map(([key, value]) => {
      const [model = '', tenant = '', device] = key.split(' ');
      return {
        labels: [
          ['model', model],
          ['tenant', tenant],
          ...(device === undefined ? [] : [['inference_device', device] as const]),
        ],
        value,
      };
    }),
  };
}

const gpu = (n: number, more: Partial<GpuReading>): GpuReading => ({
  id: `GPU-${n}`,
  index: n,
  inferenceDevice: `cuda:${n}`,
  state: 'ok',
  ...more,
});

/** A generator of numbers in [0, 1) that is the same in each run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test('the shares of an interval sum to its energy, to the millionth of a joule', () => {
  const next = random(6);
  for (let run = 0; run < 500; run++) {
    const shares = createEnergyShares();
    const users = Array.from(
      { length: 1 + Math.floor(next() * 12) },
      (_, i) => `model${i % 3} tenant${i} cuda:0`,
    );
    const times: Record<string, number> = Object.fromEntries(users.map((user) => [user, next() * 1000]));
    let energyMillijoules = Math.floor(next() * 1e9);
    const read = (atMs: number) =>
      shares.add([gpu(0, { energyJoules: energyMillijoules / 1000 })], deviceTimes(times), atMs);
    expect(read(0)).toEqual([]);
    for (let interval = 1; interval <= 4; interval++) {
      const taken = Math.floor(next() * 700_000);
      energyMillijoules += taken;
      const active = users.filter(() => next() < 0.7);
      for (const user of active) times[user] = (times[user] as number) + 1e-6 + next();
      const given = read(interval * 1000);
      if (active.length === 0) expect(given).toEqual([]);
      else if (taken > 0) {
        expect(given.map(({ model, tenant }) => `${model} ${tenant} cuda:0`)).toEqual(active);
        expect(given.reduce((sum, { joules }) => sum + Math.round(joules * 1e6), 0)).toBe(taken * 1000);
        for (const { joules } of given) expect(joules).toBeGreaterThanOrEqual(0);
      }
    }
  }
});

test('the shares are as the device time in the interval, whatever was before', () => {
  const shares = createEnergyShares();
  shares.add([gpu(0, { energyJoules: 1000 })], deviceTimes({ 'm a cuda:0': 900, 'm b cuda:0': 1 }), 0);
  const given = shares.add(
    [gpu(0, { energyJoules: 1400 })],
    deviceTimes({ 'm a cuda:0': 900.1, 'm b cuda:0': 1.3 }),
    1000,
  );
  expect(given).toEqual([
    { model: 'm', tenant: 'a', inferenceDevice: 'cuda:0', joules: 100 },
    { model: 'm', tenant: 'b', inferenceDevice: 'cuda:0', joules: 300 },
  ]);
});

test('each device’s energy goes to those who used it; CPU time takes none', () => {
  const shares = createEnergyShares();
  const times = (one: number): Times => ({
    'a t cuda:0': one,
    'b t cuda:1': one,
    'c t cpu': one,
    'd t': one,
  });
  const read = (energy: number, one: number, atMs: number) =>
    shares.add(
      [gpu(0, { energyJoules: energy }), gpu(1, { energyJoules: energy * 2 })],
      deviceTimes(times(one)),
      atMs,
    );
  read(10, 0, 0);
  expect(read(15, 1, 1000).map(({ model, joules }) => [model, joules])).toEqual([
    ['a', 5],
    ['b', 10],
  ]);
});

test('energy of an interval in which nothing ran is nobody’s, then or later', () => {
  const shares = createEnergyShares();
  const times = { 'm t cuda:0': 1 };
  shares.add([gpu(0, { energyJoules: 100 })], deviceTimes(times), 0);
  expect(shares.add([gpu(0, { energyJoules: 500 })], deviceTimes(times), 1000)).toEqual([]);
  const [share] = shares.add([gpu(0, { energyJoules: 510 })], deviceTimes({ 'm t cuda:0': 2 }), 2000);
  expect(share?.joules).toBe(10);
});

test('a device without a counter of energy has its power for the time of the interval', () => {
  const shares = createEnergyShares();
  shares.add([gpu(0, { powerWatts: 300 })], deviceTimes({ 'm t cuda:0': 1 }), 0);
  const [share] = shares.add([gpu(0, { powerWatts: 200 })], deviceTimes({ 'm t cuda:0': 2 }), 500);
  expect(share?.joules).toBe(100);
});

test('a device that comes, goes or is nobody’s gives nothing', () => {
  const shares = createEnergyShares();
  shares.add([], deviceTimes({}), 0);
  expect(shares.add([gpu(0, { energyJoules: 5000 })], deviceTimes({ 'm t cuda:0': 1 }), 1000)).toEqual([]);
  expect(shares.add([], deviceTimes({ 'm t cuda:0': 2 }), 2000)).toEqual([]);
  const { inferenceDevice: _, ...nobodys } = gpu(0, { energyJoules: 6000 });
  expect(shares.add([nobodys], deviceTimes({ 'm t cuda:0': 3 }), 3000)).toEqual([]);
});
