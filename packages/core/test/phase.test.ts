import {
  activeTrace,
  type LiveTrace,
  mark,
  monoNow,
  phase,
  type RequestTrace,
  setAttributes,
  trace,
  traceJson,
} from '@inferometer/core';
import { context, trace as traceApi } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { countsOf, type Recording, sleep, spin, startRecording, usOf } from './recording.ts';

let recording: Recording;

beforeEach(() => {
  recording = startRecording();
});

afterEach(() => recording[Symbol.dispose]());

function expectSum(record: { totals: readonly { durationUs: number }[]; totalUs: number }): void {
  expect(record.totals.reduce((sum, { durationUs }) => sum + durationUs, 0)).toBe(record.totalUs);
}

describe('a phase', () => {
  test('lasts as long as its function', () => {
    const value = trace('work', () => {
      spin(1);
      return phase('run', () => {
        spin(3);
        return 42;
      });
    });
    expect(value).toBe(42);
    const record = recording.only();
    expect(countsOf(record)).toEqual({ run: 1 });
    expect(usOf(record, 'run')).toBeGreaterThanOrEqual(3000);
    expect(usOf(record, 'unattributed')).toBeGreaterThanOrEqual(1000);
    expectSum(record);
  });

  test('lasts until its promise is settled, and hands its value on', async () => {
    const value = await trace('work', () =>
      phase('run', async () => {
        await sleep(5);
        return 'done';
      }),
    );
    expect(value).toBe('done');
    const record = recording.only();
    expect(usOf(record, 'run')).toBeGreaterThanOrEqual(4000);
    expectSum(record);
  });

  test('ends when its function throws, and the error goes on', () => {
    const error = new TypeError('no');
    const fail = () =>
      trace('work', () => {
        try {
          phase('run', () => {
            throw error;
          });
        } finally {
          phase('postprocess', () => spin(1));
        }
      });
    expect(fail).toThrow(error);
    const record = recording.only();
    expect(countsOf(record)).toEqual({ run: 1, postprocess: 1 });
    expect(record).toMatchObject({ status: 500, errorType: 'TypeError' });
  });

  test('ends when its promise is rejected, and the same error goes on', async () => {
    const error = new Error('no');
    await expect(trace('work', () => phase('run', () => Promise.reject(error)))).rejects.toBe(error);
    expect(countsOf(recording.only())).toEqual({ run: 1 });
  });

  test.each([undefined, null, 0, '', Number.NaN, 'text', Symbol.for('s')])('hands %s on', (value) => {
    expect(trace('work', () => phase('run', () => value))).toBe(value);
  });

  test('returns the very object that its function returned', () => {
    const objects = [
      [1],
      new Map(),
      new Date(),
      new Map([[1, 2]]).values(),
      { next: () => 1 },
      Buffer.from('x'),
    ];
    for (const object of objects) expect(trace('work', () => phase('run', () => object))).toBe(object);
  });

  test('hands on a result that does not let itself be looked at', () => {
    const closed = new Proxy({}, { get: () => expect.unreachable(), has: () => expect.unreachable() });
    expect(trace('work', () => phase('run', () => closed)) === closed).toBe(true);
    expect(countsOf(recording.only())).toEqual({ run: 1 });
  });

  test('of things with `next` that are no generators leaves them alone', () => {
    const cursor = { next: async () => null, [Symbol.asyncIterator]: () => cursor, close() {} };
    const { next } = cursor;
    expect(trace('work', () => phase('run', () => cursor))).toBe(cursor);
    expect(cursor.next).toBe(next);
    expect(countsOf(recording.only())).toEqual({ run: 1 });
  });

  test('entered many times accumulates and counts', () => {
    trace('work', () => {
      for (let i = 0; i < 10; i++) {
        phase('queue', () => {});
        phase('run', () => spin(0.2));
      }
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ queue: 10, run: 10 });
    expect(usOf(record, 'run')).toBeGreaterThanOrEqual(2000);
    expectSum(record);
  });

  test('within a phase takes its time from it, and the outer one counts once', () => {
    trace('work', () =>
      phase('preprocess', () => {
        spin(2);
        phase('decode', () => spin(4));
        spin(2);
      }),
    );
    const record = recording.only();
    expect(countsOf(record)).toEqual({ preprocess: 1, decode: 1 });
    expect(usOf(record, 'decode')).toBeGreaterThanOrEqual(4000);
    expect(usOf(record, 'preprocess')).toBeGreaterThanOrEqual(4000);
    expectSum(record);
  });

  test('within one of the same name counts as another', () => {
    trace('work', () => phase('run', () => phase('run', () => spin(1))));
    expect(countsOf(recording.only())).toEqual({ run: 2 });
  });

  test('that overlaps others takes the time since it was entered', async () => {
    await trace('work', async () => {
      let finish = (): void => {};
      const slow = phase('slow', () => new Promise<void>((resolve) => (finish = resolve)));
      await Promise.all(Array.from({ length: 4 }, (_, i) => phase('fast', () => sleep(i * 3))));
      await sleep(15);
      finish();
      await slow;
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ slow: 1, fast: 4 });
    // `fast` lies above `slow` until the last of them is over; then `slow` goes on.
    expect(usOf(record, 'slow')).toBeGreaterThanOrEqual(14_000);
    expect(usOf(record, 'fast')).toBeGreaterThanOrEqual(8000);
    expectSum(record);
  });

  test('calls its function without arguments and without this', () => {
    let seen: unknown[] = [];
    trace('work', () =>
      phase('run', function (this: unknown, ...args: unknown[]) {
        seen = [this ?? undefined, ...args];
      }),
    );
    expect(seen).toEqual([undefined]);
  });

  test('that goes on when its request has ended ends with it', async () => {
    let release = (): void => {};
    let late: Promise<string> | undefined;
    trace('work', () => {
      late = phase('run', async () => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        phase('later', () => {});
        mark('later');
        setAttributes({ later: true });
        return 'late';
      });
      spin(2);
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ run: 1 });
    expect(usOf(record, 'run')).toBeGreaterThanOrEqual(2000);
    const json = JSON.stringify(traceJson(record));
    release();
    expect(await late).toBe('late');
    expect(JSON.stringify(traceJson(recording.only()))).toBe(json);
  });

  test('past the first 512 has its time counted, and is counted as skipped', () => {
    trace('work', () => {
      for (let i = 0; i < 1000; i++) phase('step', () => {});
      phase('outer', () => phase('inner', () => spin(2)));
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ step: 1000, outer: 1, inner: 1 });
    expect(record.skippedPhases).toBe(1002 - 512);
    expect(usOf(record, 'inner')).toBeGreaterThanOrEqual(2000);
    expectSum(record);
  });

  test('by enter and leave lies below those by calls', () => {
    trace('work', (it) => {
      it.enter('admission');
      spin(1);
      phase('preprocess', () => {
        it.enter('queue');
        spin(1);
      });
      spin(1);
      it.enter('run');
      it.enter('run');
      phase('inner', () => spin(1));
      it.leave();
      spin(1);
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ admission: 1, preprocess: 1, queue: 1, run: 1, inner: 1 });
    for (const name of Object.keys(countsOf(record)))
      if (name !== 'run') expect(usOf(record, name)).toBeGreaterThanOrEqual(1000);
    expectSum(record);
  });

  test('by marks that became known later takes the place of what was marked since', () => {
    trace('work', (it) => {
      phase('preprocess', () => spin(1));
      it.enter('queue');
      const from = monoNow();
      spin(3);
      it.replay([
        { at: from, phase: 'queue' },
        { at: from + 1, phase: 'batch' },
        { at: from + 2, phase: 'run' },
      ]);
      it.enter('postprocess');
      phase('postprocess', () => {});
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ preprocess: 1, queue: 1, batch: 1, run: 1, postprocess: 2 });
    expect(usOf(record, 'batch')).toBe(1000);
    expectSum(record);
  });
});

describe('where it is', () => {
  test('is known by the context: in a request, in a phase, and nowhere outside', async () => {
    expect(activeTrace()).toBeUndefined();
    await trace('work', async (it) => {
      expect(activeTrace()).toBe(it);
      await phase('run', async () => {
        await sleep(1);
        expect(activeTrace()).toBe(it);
        expect(traceApi.getActiveSpan()?.spanContext().traceId).toBe(it.traceId);
      });
      expect(traceApi.getActiveSpan()?.spanContext().spanId).toBe(it.eventId);
    });
    expect(activeTrace()).toBeUndefined();
  });

  test('outside of a request, functions are called and nothing else', () => {
    const object = {};
    expect(phase('run', () => object)).toBe(object);
    const promise = Promise.resolve(1);
    expect(phase('run', () => promise)).toBe(promise);
    mark('nothing');
    setAttributes({ nothing: 1 });
    expect(recording.records).toEqual([]);
  });

  test('values of the context pass through a phase', () => {
    const key = Symbol('key');
    trace('work', () =>
      context.with(context.active().setValue(key, 'value'), () =>
        phase('run', () => {
          expect(context.active().getValue(key)).toBe('value');
          const without = context.active().deleteValue(key);
          expect(without.getValue(key)).toBeUndefined();
          expect(context.active().getValue(key)).toBe('value');
          context.with(without, () =>
            phase('inner', () => expect(context.active().getValue(key)).toBeUndefined()),
          );
        }),
      ),
    );
    expect(countsOf(recording.only())).toEqual({ run: 1, inner: 1 });
  });

  test('a request in a phase of another one is of the same trace, with phases of its own', async () => {
    let inner: RequestTrace | undefined;
    let outer: RequestTrace | undefined;
    let parentId: string | undefined;
    await trace('outer', async (it) => {
      outer = it;
      await phase('call', async () => {
        parentId = traceApi.getActiveSpan()?.spanContext().spanId;
        await trace('inner', async (within) => {
          inner = within;
          await phase('run', () => sleep(1));
        });
      });
    });
    expect(inner?.traceId).toBe(outer?.traceId);
    expect((inner as LiveTrace).parent?.spanId).toBe(parentId);
    expect(recording.records.map((record) => [record.fnName, countsOf(record)])).toEqual([
      ['inner', { run: 1 }],
      ['outer', { call: 1 }],
    ]);
  });
});
