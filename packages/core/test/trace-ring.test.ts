import { createTraceRing, type LiveTrace, shareOut, type TraceRecord, traceJson } from '@inferometer/core';
import { describe, expect, test } from 'vitest';
import { openTrace } from './open-trace.ts';
import { createRandom } from './random.ts';

const names = (ring: ReturnType<typeof createTraceRing>, count?: number): string[] =>
  ring.last(count).map(({ fnName }) => fnName);

function record(fnName: string, fill: (trace: LiveTrace) => void = () => {}): TraceRecord {
  const trace = openTrace();
  trace.fnName = fnName;
  fill(trace);
  return trace.end({ status: 200, at: 10 });
}

/** A request of any kind: with and without model, phases, batches, a stream, an error. */
function anyRecord(seed: number): TraceRecord {
  const next = createRandom(seed);
  const upTo = next.int;
  const trace = openTrace();
  trace.fnName = `/route/${upTo(5)}`;
  if (next() < 0.5) trace.route = trace.fnName;
  if (next() < 0.7) trace.model = `model ${upTo(3)}`;
  if (next() < 0.3) trace.tenant = '한글';
  if (next() < 0.3) trace.sessionHash = `s${seed}`;
  const phases = upTo(next() < 0.1 ? 40 : 10);
  for (let i = 0; i < phases; i++) trace.enter(`phase ${upTo(20)}`, i);
  if (next() < 0.3) trace.wroteOutput(next());
  const batches = upTo(next() < 0.2 ? 9 : 3);
  for (let i = 0; i < batches; i++) {
    const [deviceMsShare = 0] = shareOut(next() * 10, [1, 2, 3]);
    trace.addBatch({
      id: `b${i}`,
      size: upTo(32),
      reason: 'idle',
      paddingRatio: next(),
      deviceMsShare,
      ...(next() < 0.8 ? { device: `cuda:${upTo(2)}`, cpuMsShare: next() } : {}),
    });
  }
  trace.addIterations(upTo(100));
  const failed = next() < 0.2;
  return trace.end({ status: failed ? 500 : 200, ...(failed ? { errorType: 'Error' } : {}), at: 60_000 });
}

test('a ring keeps the newest, oldest first', () => {
  const ring = createTraceRing(3);
  for (const name of ['1', '2', '3', '4', '5']) ring.push(record(name));
  expect(names(ring)).toEqual(['3', '4', '5']);
  expect(names(ring, 2)).toEqual(['4', '5']);
  expect(names(ring, 0)).toEqual([]);
  expect(names(ring, 99)).toEqual(['3', '4', '5']);
  expect([ring.size, ring.capacity]).toEqual([3, 3]);
  ring.clear();
  expect(names(ring)).toEqual([]);
  ring.push(record('6'));
  expect(names(ring)).toEqual(['6']);
  ring.isRecording = false;
  ring.push(record('7'));
  expect(names(ring)).toEqual(['6']);
});

test.each([0, -1, 1.5, Number.NaN])('a capacity of %d is refused', (capacity) => {
  expect(() => createTraceRing(capacity)).toThrow(`capacity must be an integer >= 1, got ${capacity}`);
});

describe('what a ring tells of a request', () => {
  test.each([1, 7, 256, 257, 1000])(
    'is what its record told, whatever it was like (capacity %d)',
    (capacity) => {
      const ring = createTraceRing(capacity);
      const told: string[] = [];
      const records: TraceRecord[] = [];
      for (let seed = 1; seed <= capacity * 2 + 5; seed++) {
        const made = anyRecord(seed);
        told.push(JSON.stringify(traceJson(made)));
        records.push(made);
        ring.push(made);
      }
      expect(ring.last().map((it) => JSON.stringify(traceJson(it)))).toEqual(told.slice(-capacity));
      const [oldest, newest] = [records.at(-capacity), records.at(-1)];
      for (const one of [oldest, newest] as TraceRecord[]) {
        const found = ring.find(one.trace.eventId);
        expect(found && traceJson(found)).toEqual(traceJson(one));
        expect(found?.route).toBe(one.route);
      }
      const gone = records.at(-capacity - 1) as TraceRecord;
      expect(ring.find(gone.trace.eventId)).toBeUndefined();
    },
  );

  test('is found by its id only, in whatever case it is written', () => {
    const ring = createTraceRing(10);
    const { eventId } = record('a').trace;
    expect(ring.find(eventId)).toBeUndefined();
    const kept = record('b');
    ring.push(kept);
    expect(ring.find(kept.trace.eventId.toUpperCase())?.fnName).toBe('b');
    for (const id of ['', '0000000000000000', 'x'.repeat(16), `${kept.trace.eventId}0`]) {
      expect(ring.find(id)).toBeUndefined();
    }
  });

  test('does not hold the request itself', async () => {
    const ring = createTraceRing(10);
    const held = (() => {
      const made = anyRecord(3);
      const many = record('many', (trace) => {
        for (let i = 0; i < 30; i++) trace.enter(`phase ${i}`, i / 10);
      });
      ring.push(made);
      ring.push(many);
      return [new WeakRef(made), new WeakRef(many), new WeakRef(made.trace), new WeakRef(many.trace)];
    })();
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let turn = 0; turn < 10 && held.some((one) => one.deref()); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    expect(held.map((one) => one.deref())).toEqual([undefined, undefined, undefined, undefined]);
    expect(names(ring)).toHaveLength(2);
  });
});
