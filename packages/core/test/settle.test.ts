import {
  createPlainSpans,
  createTelemetry,
  type Observer,
  type Telemetry,
  type TelemetryOptions,
  type TraceRecord,
} from '@inferometer/core';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';

/** Telemetry whose closed requests wait until the test says so. */
function waiting(options: TelemetryOptions = {}): {
  readonly telemetry: Telemetry;
  readonly told: string[];
  /** What was scheduled and has not run. */
  readonly scheduled: (() => void)[];
  request(path: string): TraceRecord;
} {
  const told: string[] = [];
  const scheduled: (() => void)[] = [];
  const noting: Observer = { requestEnded: ({ fnName }) => told.push(fnName) };
  const telemetry = createTelemetry({
    schedule: (settle) => scheduled.push(settle),
    ...options,
    observers: [noting, ...(options.observers ?? [])],
  });
  return {
    telemetry,
    told,
    scheduled,
    request: (path) => telemetry.openRequest({ method: 'GET', path }).close({ status: 200 }),
  };
}

describe('requests that are told of later', () => {
  afterEach(() => diag.disable());

  test('are told of together, in their order, and asked for once', () => {
    const { told, scheduled, request } = waiting();
    for (const path of ['/a', '/b', '/c']) expect(request(path).status).toBe(200);
    expect(told).toEqual([]);
    expect(scheduled).toHaveLength(1);
    scheduled[0]?.();
    expect(told).toEqual(['/a', '/b', '/c']);
    request('/d');
    expect(scheduled).toHaveLength(2);
    scheduled[1]?.();
    scheduled[0]?.();
    expect(told).toEqual(['/a', '/b', '/c', '/d']);
  });

  test('are told of at once to whoever looks at the ring, or asks for it', () => {
    const { telemetry, told, scheduled, request } = waiting();
    request('/a');
    expect(telemetry.ring.last().map(({ fnName }) => fnName)).toEqual(['/a']);
    expect(told).toEqual(['/a']);
    request('/b');
    telemetry.settle();
    expect(told).toEqual(['/a', '/b']);
    for (const run of scheduled) run();
    expect(told).toEqual(['/a', '/b']);
  });

  test('wait for the next time if they close while others are told of', () => {
    let again = 2;
    const made = waiting({
      observers: [
        {
          requestEnded() {
            if (again-- > 0) made.request('/within');
          },
        },
      ],
    });
    made.request('/a');
    made.scheduled[0]?.();
    expect(made.told).toEqual(['/a']);
    expect(made.scheduled).toHaveLength(2);
    made.scheduled[1]?.();
    made.scheduled[2]?.();
    expect(made.told).toEqual(['/a', '/within', '/within']);
  });

  test.each(['observer', 'spans'] as const)('are all told of though one of the %s throws', (who) => {
    const errors: string[] = [];
    const note = (line: string): void => void errors.push(line);
    const quiet = (): void => {};
    diag.setLogger(
      { error: note, warn: quiet, info: quiet, debug: quiet, verbose: quiet },
      { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
    );
    const fail = (fnName: string): void => {
      if (fnName === '/b') throw new Error('full');
    };
    const { told, scheduled, request } = waiting(
      who === 'observer'
        ? { observers: [{ requestEnded: ({ fnName }) => fail(fnName) }] }
        : { spans: { ...createPlainSpans(), ended: (_trace, { fnName }) => fail(fnName) } },
    );
    for (const path of ['/a', '/b', '/c']) request(path);
    scheduled[0]?.();
    expect(told).toContain('/a');
    expect(told).toContain('/c');
    expect(errors).toEqual(['a request cannot be recorded: full']);
  });
});
