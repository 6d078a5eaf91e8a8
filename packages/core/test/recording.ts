import {
  createTelemetry,
  installTelemetry,
  type SpanStrategy,
  type Telemetry,
  type TraceRecord,
} from '@inferometer/core';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

/** Telemetry that `phase()` and `trace()` record into, and what it has recorded. */
export interface Recording extends Disposable {
  readonly telemetry: Telemetry;
  readonly records: TraceRecord[];
  /** The record of the one trace there has been. */
  only(): TraceRecord;
}

export function startRecording(spans?: SpanStrategy): Recording {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const records: TraceRecord[] = [];
  const telemetry = createTelemetry({
    observers: [{ requestEnded: (record) => records.push(record) }],
    ...(spans ? { spans } : {}),
  });
  installTelemetry(telemetry);
  return {
    telemetry,
    records,
    only() {
      const [record, ...others] = records;
      if (record === undefined || others.length > 0) throw new Error(`${records.length} traces, not one`);
      return record;
    },
    [Symbol.dispose]() {
      installTelemetry(undefined);
      context.disable();
    },
  };
}

/** Count of each phase, without those that gaps give `unattributed`. */
export function countsOf(record: TraceRecord): Record<string, number> {
  const named = record.totals.filter(({ name }) => name !== 'unattributed');
  return Object.fromEntries(named.map(({ name, count }) => [name, count]));
}

/** µs of a phase; NaN where it never was. */
export function usOf(record: TraceRecord, phase: string): number {
  return record.totals.find(({ name }) => name === phase)?.durationUs ?? Number.NaN;
}

/** Keeps the thread busy, ms. */
export function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
