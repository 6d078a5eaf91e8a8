import {
  activeTrace,
  type BatchRecord,
  batch,
  createTelemetry,
  installTelemetry,
  noteBatch,
  type Observer,
  phase,
  type RequestTrace,
  type Telemetry,
  type TraceRecord,
  trace,
  traceJson,
} from '@inferometer/core';
import { trace as traceApi } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRandom } from './random.ts';
import { countsOf, type Recording, sleep, spin, startRecording, usOf } from './recording.ts';

let recording: Recording;
let batches: BatchRecord[];

beforeEach(() => {
  recording = startRecording();
  batches = [];
  const observer: Observer = {
    requestEnded: (record) => recording.records.push(record),
    batchEnded: (record) => batches.push(record),
  };
  installTelemetry(createTelemetry({ observers: [observer] }));
});

afterEach(() => recording[Symbol.dispose]());

/** Requests that wait for others before they end. */
function openRequests(count: number): { requests: RequestTrace[]; close: () => Promise<void> } {
  const requests: RequestTrace[] = [];
  const closers: (() => void)[] = [];
  const done = Array.from({ length: count }, (_, i) =>
    trace({ name: `request ${i}`, model: 'm' }, async (it) => {
      requests.push(it);
      await new Promise<void>((resolve) => closers.push(resolve));
    }),
  );
  return {
    requests,
    async close() {
      for (const close of closers) close();
      await Promise.all(done);
    },
  };
}

test('each of its requests is in phase run meanwhile, and has its share by tokens', async () => {
  const { requests, close } = openRequests(3);
  const [a, b, c] = requests as [RequestTrace, RequestTrace, RequestTrace];
  const result = await batch(
    { requests: [a, b, b, undefined], tokens: [10, 20, 30, 40], reason: 'waited', paddingRatio: 0.25 },
    async () => {
      await sleep(5);
      return 'vectors';
    },
  );
  expect(result).toBe('vectors');
  await close();
  expect(batches).toEqual([
    expect.objectContaining({
      model: 'm',
      reason: 'waited',
      size: 4,
      tokens: 100,
      paddingRatio: 0.25,
      executor: 0,
    }),
  ]);
  const [record] = batches as [BatchRecord];
  const runMs = record.runEnd - record.runStart;
  const byName = new Map(recording.records.map((it) => [it.fnName, it]));
  const of = (i: number) => byName.get(`request ${i}`) as (typeof recording.records)[number];
  expect(countsOf(of(0))).toEqual({ run: 1 });
  expect(countsOf(of(1))).toEqual({ run: 1 });
  expect(countsOf(of(2))).toEqual({});
  expect(usOf(of(0), 'run')).toBeGreaterThanOrEqual(4000);
  expect(of(0).deviceMs).toBeCloseTo(runMs * 0.1, 5);
  expect(of(1).deviceMs).toBeCloseTo(runMs * 0.5, 5);
  expect(of(2).deviceMs).toBe(0);
  expect(of(1).batches).toEqual([
    {
      id: record.id,
      size: 4,
      reason: 'waited',
      paddingRatio: 0.25,
      deviceMsShare: of(1).deviceMs,
      device: 'cpu',
    },
  ]);
  expect(c.ended).toBe(true);
});

test('whatever the tokens, the shares add up to the run, to the nanosecond', async () => {
  const random = createRandom(11);
  for (let round = 0; round < 50; round++) {
    const { requests, close } = openRequests(1 + random.int(20));
    const items = Array.from({ length: 1 + random.int(64) }, () => random.pick(requests as [RequestTrace]));
    const kind = random.int(3);
    const tokens = items.map(() => (kind === 1 ? 0 : random.int(3) === 0 ? random() * 1e6 : random.int(512)));
    const before = recording.records.length;
    batch({ requests: items, ...(kind === 0 ? {} : { tokens }) }, () => spin(random() * 0.5));
    await close();
    const { runStart, runEnd } = batches.at(-1) as BatchRecord;
    const shares = recording.records
      .slice(before)
      .flatMap((it) => it.batches.map((part) => part.deviceMsShare));
    expect(shares.length).toBe(new Set(items).size);
    expect(shares.every((ms) => ms >= 0 && Math.abs(ms * 1e6 - Math.round(ms * 1e6)) < 1e-3)).toBe(true);
    expect(shares.reduce((sum, ms) => sum + Math.round(ms * 1e6), 0)).toBe(
      Math.round((runEnd - runStart) * 1e6),
    );
  }
});

test('what nobody asked for is counted as well: uses of a device sum to its time', async () => {
  const uses: {
    model: string;
    tenant: string | undefined;
    device: string;
    deviceMs: number;
    cpuMs: number;
  }[] = [];
  const { observer } = recording.telemetry;
  const telemetry: Telemetry = {
    ...recording.telemetry,
    observer: {
      ...observer,
      deviceUsed: (model, tenant, device, deviceMs, cpuMs) =>
        void uses.push({ model, tenant, device, deviceMs, cpuMs }),
    },
  };
  const { requests, close } = openRequests(2);
  const [first, second] = requests as [RequestTrace, RequestTrace];
  first.tenant = 'a';
  const random = createRandom(5);
  for (let round = 0; round < 200; round++) {
    uses.length = 0;
    // Up to hours, in which the product of time and tokens is beyond what a double holds exactly.
    const runMs = random() * 10 ** random.int(8);
    const cpuMs = random() * 10 ** random.int(8);
    const run = {
      id: `b${round}`,
      model: 'm',
      executor: 0,
      reason: 'full',
      size: 4,
      tokens: 0,
      paddingRatio: 0,
      dispatched: 0,
      runStart: 0,
      runEnd: runMs,
      device: 'cuda:1',
      cpuMs,
    };
    const owners = [first, undefined, second, first];
    noteBatch(
      telemetry,
      run,
      owners,
      owners.map(() => random.int(1e6)),
    );
    const sum = (pick: (use: (typeof uses)[number]) => number): number =>
      uses.reduce((total, use) => total + Math.round(pick(use) * 1e6), 0);
    expect(sum(({ deviceMs }) => deviceMs)).toBe(Math.round(runMs * 1e6));
    expect(sum((use) => use.cpuMs)).toBe(Math.round(cpuMs * 1e6));
    expect(uses.map(({ tenant }) => tenant)).toEqual(['a', undefined, undefined]);
    expect(new Set(uses.map(({ device }) => device))).toEqual(new Set(['cuda:1']));
  }
  await close();
});

test('a request that ran on several devices names each once', async () => {
  const { requests, close } = openRequests(1);
  for (const device of ['cuda:0', 'cpu', 'cuda:0', 'cpu']) batch({ requests, device }, () => spin(0.1));
  await close();
  const [record] = recording.records as [TraceRecord];
  expect(record.device).toBe('cuda:0,cpu');
  expect(record.batches.map(({ device }) => device)).toEqual(['cuda:0', 'cpu', 'cuda:0', 'cpu']);
  expect(traceJson(record)).toMatchObject({ device: 'cuda:0,cpu', cpu_ms: 0 });
});

test('a run that fails has cost its time, and the error goes on', async () => {
  const { requests, close } = openRequests(2);
  const error = new Error('no');
  const fail = () =>
    batch({ requests }, () => {
      spin(1);
      throw error;
    });
  expect(fail).toThrow(error);
  await expect(batch({ requests }, () => Promise.reject(error))).rejects.toBe(error);
  await close();
  for (const record of recording.records) {
    expect(countsOf(record)).toEqual({ run: 2 });
    expect(record.batches.length).toBe(2);
    expect(record.deviceMs).toBeGreaterThanOrEqual(0.5);
    expect(record.status).toBe(200);
  }
});

test('a phase in it is one of each request, also where the batch is run by one of them', async () => {
  const { requests, close } = openRequests(2);
  await trace('runner', async () => {
    const runner = activeTrace() as RequestTrace;
    await batch({ requests: [...requests, runner] }, async () => {
      expect(activeTrace()).toBeUndefined();
      expect(traceApi.getActiveSpan()).toBeUndefined();
      await phase('decode', () => sleep(2));
    });
    await batch({ requests }, () => phase('decode', () => {}));
    expect(activeTrace()).toBe(runner);
  });
  await close();
  expect(recording.records.map((it) => [it.fnName, countsOf(it)])).toEqual([
    ['runner', { run: 1, decode: 1 }],
    ['request 0', { run: 2, decode: 2 }],
    ['request 1', { run: 2, decode: 2 }],
  ]);
});

test('of one request it is a phase of that one, with its span active', async () => {
  const { requests, close } = openRequests(1);
  const [only] = requests as [RequestTrace];
  batch({ requests: [only, only] }, () => {
    expect(activeTrace()).toBe(only);
    expect(traceApi.getActiveSpan()?.spanContext().traceId).toBe(only.traceId);
  });
  await close();
  expect(recording.only().batches).toEqual([expect.objectContaining({ size: 2 })]);
});

test('of requests that are over or unknown it calls the function all the same', async () => {
  const { requests, close } = openRequests(1);
  await close();
  const json = JSON.stringify(recording.only().totals);
  expect(batch({ requests: [...requests, undefined] }, () => 7)).toBe(7);
  expect(JSON.stringify(recording.only().totals)).toBe(json);
  expect(batches).toEqual([expect.objectContaining({ size: 2, model: 'none' })]);
});

test.each([
  [{ requests: [] }, 'requests must have an item at least, got none'],
  [{ requests: [undefined], tokens: [1, 2] }, 'tokens must have 1 counts, one an item, got 2'],
  [{ requests: [undefined], tokens: [-1] }, 'tokens must be finite and >= 0, got -1'],
  [{ requests: [undefined], tokens: [Number.NaN] }, 'tokens must be finite and >= 0, got NaN'],
  [{ requests: [undefined], paddingRatio: 1 }, 'paddingRatio must be in [0, 1), got 1'],
])('%o is refused', (options, message) => {
  expect(() => batch(options, () => {})).toThrow(message);
});
