import { AsyncResource } from 'node:async_hooks';
import { activeTrace, phase, type RequestTrace, trace } from '@inferometer/core';
import { type RunningTelemetry, startTelemetry } from '@inferometer/sdk';
import { context, createContextKey } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';

let telemetry: RunningTelemetry;

beforeAll(() => {
  Object.assign(process.env, { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' });
  telemetry = startTelemetry();
});

afterAll(() => telemetry?.shutdown());

/** Calls it so often that it is known to be over when it returns. */
function practise(name: string): void {
  for (let i = 0; i < 100; i++) trace('practice', () => phase(name, () => {}));
}

test('a callback of one request that another one calls within a phase is the first one’s', () => {
  practise('release');
  // A pool: who waits is called by who releases, in the waiting one's own context.
  const waiting: (() => void)[] = [];
  const seen: unknown[] = [];
  let waiter: RequestTrace | undefined;
  trace('waits', (it) => {
    waiter = it;
    waiting.push(AsyncResource.bind(() => void seen.push(activeTrace())));
  });
  trace('releases', (it) => {
    phase('release', () => {
      for (const callback of waiting) callback();
      seen.push(activeTrace());
    });
    seen.push(activeTrace());
    expect(seen).toEqual([waiter, it, it]);
  });
});

test('what a phase starts and does not wait for is still in its request', async () => {
  practise('start');
  const key = createContextKey('value');
  const seen: unknown[] = [];
  let started: RequestTrace | undefined;
  let later: Promise<void> | undefined;
  trace('starts', (it) => {
    started = it;
    context.with(context.active().setValue(key, 'set'), () => {
      phase('start', () => {
        later = Promise.resolve().then(() => void seen.push(activeTrace(), context.active().getValue(key)));
      });
    });
  });
  await later;
  expect(seen).toEqual([started, 'set']);
});
