import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { monoNow, phase, type TraceRecord, trace } from '@inferometer/core';
import { context } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { countsOf, type Recording, sleep, spin, startRecording, usOf } from './recording.ts';

let recording: Recording;

beforeEach(() => {
  recording = startRecording();
});

afterEach(() => recording[Symbol.dispose]());

/** Time, count and outputs: of a phase only the time in it counts, not its consumer's. */
function expectTimes(record: TraceRecord, own: number, outside: number): void {
  expect(usOf(record, 'run')).toBeGreaterThanOrEqual(own * 1000);
  expect(usOf(record, 'unattributed')).toBeGreaterThanOrEqual(outside * 1000);
  expect(record.totals.reduce((sum, { durationUs }) => sum + durationUs, 0)).toBe(record.totalUs);
}

/** Iterators have it since Node 22; the compiler's library of ours does not. */
interface MapOf<T> {
  map<U>(fn: (item: T) => U): Iterable<U>;
}

describe('of a generator', () => {
  function* tokens(count: number, ms = 2): Generator<number, string, unknown> {
    for (let i = 0; i < count; i++) {
      spin(ms);
      yield i;
    }
    return 'end';
  }

  test('the time in it counts, each item is an output, the first one gives the time to first token', () => {
    trace('work', () => {
      for (const _ of phase('run', () => tokens(3))) spin(3);
    });
    const record = recording.only();
    expectTimes(record, 6, 9);
    expect(countsOf(record)).toEqual({ run: 4 });
    expect(record.iterations).toBe(3);
    expect(record.ttftUs).toBeGreaterThanOrEqual(2000);
    expect(record.ttftUs).toBeLessThan(record.totalUs - 9000);
  });

  test('it stays what it is: the same object, its return value, iterator helpers, yield*', () => {
    trace('work', () => {
      const inner = tokens(3, 0);
      const watched = phase('run', () => inner);
      expect(watched).toBe(inner);
      expect(watched instanceof tokens).toBe(true);
      function* outer(): Generator<number, string> {
        return yield* watched;
      }
      const around = outer();
      expect([around.next(), around.next(), around.next(), around.next()]).toEqual([
        { done: false, value: 0 },
        { done: false, value: 1 },
        { done: false, value: 2 },
        { done: true, value: 'end' },
      ]);
      const helped = phase('helper', () => tokens(3, 0)) as Iterable<number> as Iterable<number> &
        MapOf<number>;
      expect([...helped.map((n) => n * 2)]).toEqual([0, 2, 4]);
    });
    expect(countsOf(recording.only())).toEqual({ run: 4, helper: 4 });
  });

  test('what is sent and thrown into it arrives, and its end by return runs its finally', () => {
    const seen: unknown[] = [];
    function* talk(): Generator<string, void, string> {
      try {
        seen.push(yield 'a');
        try {
          yield 'b';
        } catch (error) {
          seen.push(error);
        }
        yield 'c';
      } finally {
        seen.push('finally');
      }
    }
    trace('work', () => {
      const it = phase('run', talk);
      it.next();
      it.next('sent');
      expect(it.throw('thrown')).toEqual({ done: false, value: 'c' });
      expect(it.return()).toEqual({ done: true, value: undefined });
      expect(it.next()).toEqual({ done: true, value: undefined });
    });
    expect(seen).toEqual(['sent', 'thrown', 'finally']);
    expect(countsOf(recording.only())).toEqual({ run: 4 });
    expect(recording.only().iterations).toBe(3);
  });

  test('an error in it goes on and ends the phase', () => {
    const error = new Error('no');
    function* failing(): Generator<number> {
      yield 1;
      throw error;
    }
    trace('work', () => {
      expect(() => [...phase('run', failing)]).toThrow(error);
      phase('postprocess', () => spin(1));
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ run: 2, postprocess: 1 });
    expect(usOf(record, 'postprocess')).toBeGreaterThanOrEqual(1000);
  });

  test('one that is abandoned takes no more time', () => {
    let withinMs = Number.NaN;
    trace('work', () => {
      const from = monoNow();
      const it = phase('run', () => tokens(3, 1));
      it.next();
      withinMs = monoNow() - from;
      spin(5);
    });
    const record = recording.only();
    expect(countsOf(record)).toEqual({ run: 1 });
    expect(usOf(record, 'run')).toBeLessThanOrEqual(withinMs * 1000 + 2);
  });

  test('phases within it are within the phase, with the values of the context that it was called in', () => {
    const key = Symbol('key');
    const values: unknown[] = [];
    function* nested(): Generator<number> {
      values.push(context.active().getValue(key));
      yield phase('inner', () => {
        spin(1);
        return 1;
      });
    }
    trace('work', () => {
      const it = context.with(context.active().setValue(key, 'value'), () => phase('run', nested));
      expect([...it]).toEqual([1]);
    });
    expect(values).toEqual(['value']);
    expect(countsOf(recording.only())).toEqual({ run: 2, inner: 1 });
    expect(usOf(recording.only(), 'inner')).toBeGreaterThanOrEqual(1000);
  });

  test('one that is consumed after the end of its request goes on unnoticed', () => {
    const it = trace('work', () => [phase('run', () => tokens(3, 0))])[0];
    expect([...(it ?? [])]).toEqual([0, 1, 2]);
    expect(recording.only().iterations).toBe(0);
  });
});

describe('of an async generator', () => {
  async function* tokens(count: number, ms = 4): AsyncGenerator<number, string, unknown> {
    for (let i = 0; i < count; i++) {
      await sleep(ms);
      yield i;
    }
    return 'end';
  }

  test('the time in it counts, each item is an output', async () => {
    await trace('work', async () => {
      for await (const _ of phase('run', () => tokens(3))) spin(5);
    });
    const record = recording.only();
    expectTimes(record, 9, 15);
    expect(countsOf(record)).toEqual({ run: 4 });
    expect(record.iterations).toBe(3);
  });

  test('and of one that a promise resolves to', async () => {
    await trace('work', async () => {
      const it = await phase('run', async () => {
        await sleep(2);
        return tokens(2, 2);
      });
      for await (const _ of it) spin(5);
    });
    const record = recording.only();
    expectTimes(record, 4, 10);
    expect(record.iterations).toBe(2);
  });

  test('several items can be asked for at once', async () => {
    await trace('work', async () => {
      const it = phase('run', () => tokens(3));
      const results = await Promise.all([it.next(), it.next(), it.next(), it.next(), it.next()]);
      expect(results.map(({ value }) => value)).toEqual([0, 1, 2, 'end', undefined]);
      await sleep(5);
    });
    const record = recording.only();
    expect(record.iterations).toBe(3);
    expect(countsOf(record)).toEqual({ run: 1 });
    expectTimes(record, 9, 4);
  });

  test('breaking out of it ends the phase, and so does an error', async () => {
    let finished = 0;
    async function* failing(): AsyncGenerator<number> {
      try {
        yield 1;
        throw new Error('no');
      } finally {
        finished++;
      }
    }
    await trace('work', async () => {
      for await (const _ of phase('broken', failing)) break;
      await expect(
        (async () => {
          for await (const _ of phase('failed', failing));
        })(),
      ).rejects.toThrow('no');
      await sleep(3);
    });
    expect(finished).toBe(2);
    expect(countsOf(recording.only())).toEqual({ broken: 2, failed: 2 });
    expect(usOf(recording.only(), 'unattributed')).toBeGreaterThanOrEqual(2000);
  });
});

describe('of a Node stream', () => {
  function chunks(count: number, ms = 3): Readable {
    let i = 0;
    return new Readable({
      read() {
        setTimeout(() => this.push(i++ < count ? `chunk ${i}` : null), ms);
      },
    });
  }

  test('the time from a call for data until it comes counts', async () => {
    await trace('work', async () => {
      const stream = phase('run', () => chunks(3));
      const all: string[] = [];
      for await (const chunk of stream) all.push(String(chunk));
      expect(all).toEqual(['chunk 1', 'chunk 2', 'chunk 3']);
      await sleep(5);
    });
    const record = recording.only();
    expectTimes(record, 9, 4);
    expect(record.iterations).toBe(3);
    expect(record.ttftUs).toBeGreaterThanOrEqual(2000);
  });

  test('a pipe gets it all, and phases in it are found', async () => {
    let text = '';
    await trace('work', async () => {
      const stream = chunks(3);
      expect(phase('run', () => stream)).toBe(stream);
      const upper = new Transform({
        transform(chunk, _encoding, done) {
          text += String(chunk).toUpperCase();
          done();
        },
      });
      upper.resume();
      await pipeline(stream, upper);
    });
    expect(text).toBe('CHUNK 1CHUNK 2CHUNK 3');
    expect(recording.only().iterations).toBe(3);
  });

  test('objects of Readable.from are outputs', async () => {
    await trace('work', async () => {
      const stream = phase('run', () => Readable.from([{ a: 1 }, { a: 2 }]));
      expect(await stream.toArray()).toEqual([{ a: 1 }, { a: 2 }]);
    });
    expect(recording.only().iterations).toBe(2);
  });

  test('its end by an error or by destroying it ends the phase', async () => {
    await trace('work', async () => {
      const failing = phase('failed', () => new Readable({ read() {} }));
      const failed = new Promise((resolve) => failing.once('error', resolve));
      failing.resume();
      setTimeout(() => failing.destroy(new Error('no')), 2);
      expect(await failed).toMatchObject({ message: 'no' });
      const destroyed = phase('destroyed', () => new Readable({ read() {} }));
      destroyed.resume();
      await sleep(2);
      destroyed.destroy();
      await sleep(10);
      phase('postprocess', () => {});
    });
    const record = recording.only();
    expect(usOf(record, 'unattributed')).toBeGreaterThanOrEqual(8000);
    expect(countsOf(record)).toMatchObject({ failed: 1, destroyed: 1 });
  });

  test('one that is over already is a value', () => {
    trace('work', () => {
      const stream = new Readable({ read() {} });
      const { push } = stream;
      stream.destroy();
      phase('run', () => stream);
      expect(stream.push).toBe(push);
    });
    expect(countsOf(recording.only())).toEqual({ run: 1 });
  });
});

describe('of a web stream', () => {
  function source(count: number, ms = 3): ReadableStream<number> {
    let i = 0;
    return new ReadableStream<number>(
      {
        async pull(controller) {
          await sleep(ms);
          if (i < count) controller.enqueue(i++);
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
  }

  test('the time until a chunk comes counts', async () => {
    await trace('work', async () => {
      const stream = phase('run', () => source(3));
      expect(stream).toBeInstanceOf(ReadableStream);
      const all: number[] = [];
      for await (const chunk of stream) {
        all.push(chunk);
        spin(4);
      }
      expect(all).toEqual([0, 1, 2]);
    });
    const record = recording.only();
    expectTimes(record, 8, 11);
    expect(record.iterations).toBe(3);
    expect(countsOf(record)).toEqual({ run: 4 });
  });

  test('cancelling it reaches the source and ends the phase', async () => {
    const reasons: unknown[] = [];
    await trace('work', async () => {
      const stream = phase(
        'run',
        () =>
          new ReadableStream({
            pull: () => new Promise(() => {}),
            cancel: (reason) => void reasons.push(reason),
          }),
      );
      const reader = stream.getReader();
      const pending = reader.read();
      await sleep(2);
      await reader.cancel('enough');
      expect(await pending).toEqual({ done: true, value: undefined });
      await sleep(6);
    });
    expect(reasons).toEqual(['enough']);
    expect(usOf(recording.only(), 'unattributed')).toBeGreaterThanOrEqual(5000);
  });

  test('an error of the source goes on', async () => {
    const error = new Error('no');
    await trace('work', async () => {
      const stream = phase('run', () => new ReadableStream({ pull: () => Promise.reject(error) }));
      await expect(stream.getReader().read()).rejects.toBe(error);
    });
    expect(countsOf(recording.only())).toEqual({ run: 1 });
  });

  test('a stream of bytes can still be read into a buffer', async () => {
    await trace('work', async () => {
      const stream = phase(
        'run',
        () =>
          new ReadableStream({
            type: 'bytes',
            start(controller) {
              controller.enqueue(new Uint8Array([1, 2, 3]));
              controller.close();
            },
          }),
      );
      const reader = stream.getReader({ mode: 'byob' });
      const { value } = await reader.read(new Uint8Array(2));
      expect([...(value ?? [])]).toEqual([1, 2]);
      const rest = await reader.read(new Uint8Array(2));
      expect([...(rest.value ?? [])]).toEqual([3]);
      expect((await reader.read(new Uint8Array(2))).done).toBe(true);
    });
    expect(recording.only().iterations).toBe(1);
  });

  test('one that somebody reads already is a value', () => {
    trace('work', () => {
      const stream = source(1);
      stream.getReader();
      expect(phase('run', () => stream)).toBe(stream);
    });
  });
});
