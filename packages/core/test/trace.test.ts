import { phase, trace, traceJson } from '@inferometer/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Recording, sleep, startRecording } from './recording.ts';

let recording: Recording;

beforeEach(() => {
  recording = startRecording();
});

afterEach(() => recording[Symbol.dispose]());

test('a request has what it was opened with and what was set on it', () => {
  trace({ name: 'embed', model: 'minilm', tenant: 'a', sessionHash: 's' }, (it) => {
    it.tenant = 'b';
    it.addIterations(3);
  });
  const json = traceJson(recording.only());
  expect(json).toMatchObject({
    fn_name: 'embed',
    model: 'minilm',
    tenant: 'b',
    session_hash: 's',
    status: 200,
    error_type: null,
    n_iterations: 3,
    method: '',
  });
  expect(json.trace_id).toMatch(/^[0-9a-f]{32}$/);
  expect(json.event_id).toMatch(/^[0-9a-f]{16}$/);
});

test('it ends when its function does, in whatever way', async () => {
  class OverloadedError extends Error {
    override name = 'OverloadedError';
  }
  function* oneTwo(): Generator<number> {
    yield 1;
    yield 2;
  }
  trace('value', () => 1);
  await trace('promise', () => sleep(1));
  expect(() =>
    trace('throws', () => {
      throw new OverloadedError();
    }),
  ).toThrow(OverloadedError);
  await expect(trace('rejects', () => Promise.reject('text'))).rejects.toBe('text');
  expect(() =>
    trace('says why', (it) => {
      it.errorType = 'overloaded';
      throw new OverloadedError();
    }),
  ).toThrow(OverloadedError);
  expect([...trace('generator', oneTwo)]).toEqual([1, 2]);
  expect(recording.records.map((it) => [it.fnName, it.status, it.errorType])).toEqual([
    ['value', 200, undefined],
    ['promise', 200, undefined],
    ['throws', 500, 'OverloadedError'],
    ['rejects', 500, 'string'],
    ['says why', 500, 'overloaded'],
    ['generator', 200, undefined],
  ]);
});

test('of a generator it ends with the last item, and items within are outputs once', () => {
  const items = trace('generate', () =>
    phase('run', function* () {
      yield 'a';
      yield 'b';
    }),
  );
  expect(recording.records).toEqual([]);
  expect([...items]).toEqual(['a', 'b']);
  const record = recording.only();
  expect(record.iterations).toBe(2);
  expect(record.ttftUs).toBeGreaterThanOrEqual(0);
});

test('one that is ended within still reaches the ring and observers, once', () => {
  trace('early', (it) => {
    it.end({ status: 204 });
  });
  expect(recording.only().status).toBe(204);
  expect(recording.telemetry.ring.size).toBe(1);
});

test('one that is closed twice stays as it was closed first, and is told of once', () => {
  const opened = recording.telemetry.openRequest({ method: 'GET', path: '/twice' });
  const record = opened.close({ status: 200 });
  expect(opened.close({ status: 500, errorType: 'late' })).toBe(record);
  expect(recording.only()).toBe(record);
  expect(recording.telemetry.ring.last().map(traceJson)).toEqual([traceJson(record)]);
  expect(record).toMatchObject({ status: 200, errorType: undefined, method: 'GET' });
});

test('a failure after the status has left keeps its own status', () => {
  trace('late', (it) => {
    it.lateStatus = 503;
    it.errorType = 'cancelled';
  });
  expect(recording.only()).toMatchObject({ status: 503, errorType: 'cancelled' });
});
