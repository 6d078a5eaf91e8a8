import { monoNow, phase, type RequestTrace, type TraceRecord, trace } from '@inferometer/core';
import { trace as traceApi } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRandom, type Random } from './random.ts';
import { type Recording, startRecording } from './recording.ts';

/**
 * Requests of random shapes, side by side. Each notes beside every phase when it was entered and left; from these notes
 * a slow and simple reference works out what the record must say.
 */
const requests = 1000;
const names = [
  'admission',
  'preprocess',
  'queue',
  'batch',
  'run',
  'postprocess',
  'stream',
  'custom',
] as const;

interface Note {
  readonly id: number;
  readonly name: string;
  readonly at: number;
  readonly change: 'enter' | 'leave';
}

interface Expected {
  readonly request: number;
  readonly trace: RequestTrace;
  readonly startedAt: number;
  readonly notes: Note[];
}

let recording: Recording;
const expected = new Map<string, Expected>();
let mixed = 0;
let nextId = 0;

/** A phase that is noted. */
function noted<T>(into: Expected, name: string, fn: () => T): T {
  const id = nextId++;
  const check = (): void => {
    if (traceApi.getActiveSpan()?.spanContext().traceId !== into.trace.traceId) mixed++;
  };
  into.notes.push({ id, name, at: monoNow(), change: 'enter' });
  const leave = (): void => void into.notes.push({ id, name, at: monoNow(), change: 'leave' });
  const result = phase(name, () => {
    check();
    return fn();
  });
  if (result instanceof Promise) return result.finally(leave) as T;
  leave();
  return result;
}

function pause(random: Random): Promise<void> {
  const ms = random.int(6);
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}

async function shape(into: Expected, random: Random, depth: number): Promise<void> {
  const steps = 1 + random.int(4);
  for (let i = 0; i < steps; i++) {
    const name = random.pick(names);
    switch (random.int(depth > 2 ? 3 : 6)) {
      case 0:
        noted(into, name, () => {
          for (let x = 0; x < random.int(3000); x++) Math.sqrt(x);
        });
        break;
      case 1:
        await noted(into, name, () => pause(random));
        break;
      case 2:
        await pause(random);
        break;
      case 3:
        await noted(into, name, () => shape(into, random, depth + 1));
        break;
      case 4:
        await Promise.all([
          noted(into, name, () => shape(into, random, depth + 1)),
          noted(into, random.pick(names), () => pause(random)),
        ]);
        break;
      default:
        await noted(into, name, async () => {
          await pause(random);
          throw new Error('a phase may fail');
        }).catch(() => {});
    }
  }
}

async function request(number: number): Promise<void> {
  const random = createRandom(number);
  await pause(random);
  await trace({ name: `shape ${number % 7}`, model: String(number) }, async (it) => {
    const into: Expected = { request: number, trace: it, startedAt: it.startedAt, notes: [] };
    expected.set(it.eventId, into);
    await shape(into, random, 0);
    // Some have a request of their own within, in the same trace.
    if (random() < 0.2) {
      await noted(into, 'custom', () =>
        trace({ name: 'inner', model: String(number) }, async (inner) => {
          const within: Expected = { request: number, trace: inner, startedAt: inner.startedAt, notes: [] };
          expected.set(inner.eventId, within);
          if (inner.traceId !== it.traceId) mixed++;
          await shape(within, random, 1);
        }),
      );
    }
  });
}

/** µs and entries of each phase, from the notes: at each moment the phase entered last of those not yet left. */
function reference(
  { notes, startedAt }: Expected,
  totalUs: number,
): Map<string, { us: number; count: number }> {
  const totals = new Map<string, { us: number; count: number }>();
  const of = (name: string): { us: number; count: number } => {
    const total = totals.get(name) ?? { us: 0, count: 0 };
    totals.set(name, total);
    return total;
  };
  const open: Note[] = [];
  let at = 0;
  const until = (us: number): void => {
    of(open.at(-1)?.name ?? 'unattributed').us += us - at;
    at = us;
  };
  for (const note of notes) {
    until((note.at - startedAt) * 1000);
    if (note.change === 'enter') {
      open.push(note);
      of(note.name).count++;
    } else
      open.splice(
        open.findIndex(({ id }) => id === note.id),
        1,
      );
  }
  until(totalUs);
  return totals;
}

beforeAll(async () => {
  recording = startRecording();
  await Promise.all(Array.from({ length: requests }, (_, number) => request(number)));
});

afterAll(() => recording[Symbol.dispose]());

function each(check: (record: TraceRecord, into: Expected) => void): void {
  for (const record of recording.records) check(record, expected.get(record.trace.eventId) as Expected);
}

describe('1,000 requests at the same time', () => {
  test('all have their records, with ids of their own', () => {
    expect(recording.records.length).toBe(expected.size);
    expect(recording.records.length).toBeGreaterThan(requests);
    expect(new Set(recording.records.map(({ trace }) => trace.traceId)).size).toBe(requests);
    each((record, into) => expect(record.model).toBe(String(into.request)));
    expect(mixed).toBe(0);
  });

  test('have phases that add up to the total, in whole µs', () => {
    each(({ totals, totalUs }) => {
      expect(totals.every(({ durationUs }) => Number.isInteger(durationUs) && durationUs >= 0)).toBe(true);
      expect(totals.reduce((sum, { durationUs }) => sum + durationUs, 0)).toBe(totalUs);
    });
  });

  test('have phases of their own, entered as often as they were', () => {
    each((record, into) => {
      const counted = reference(into, record.totalUs);
      const named = record.totals.filter(({ name }) => name !== 'unattributed');
      expect(Object.fromEntries(named.map(({ name, count }) => [name, count]))).toEqual(
        Object.fromEntries(
          [...counted].filter(([name]) => name !== 'unattributed').map(([name, { count }]) => [name, count]),
        ),
      );
    });
  });

  test('spend the time in them that they spent, and what is left is unattributed', () => {
    let off = 0;
    let total = 0;
    each((record, into) => {
      const byNotes = reference(into, record.totalUs);
      for (const { name, durationUs } of record.totals)
        off += Math.abs(durationUs - (byNotes.get(name)?.us ?? 0));
      total += record.totalUs;
    });
    // The notes are taken a moment before and after the marks, and promises are settled in a later turn.
    expect(off / total).toBeLessThan(0.02);
  });
});
