import { createTelemetry, traceJson } from '@inferometer/core';
import { expect, test } from 'vitest';

test('time per token is that of each text, though several are made side by side', () => {
  const telemetry = createTelemetry();
  const opened = telemetry.openRequest({ method: '', path: 'generate' });
  const { trace } = opened;
  const at = (ms: number): number => trace.startedAt + ms;
  trace.operation = 'chat';
  trace.enter('queue', at(0));
  trace.enter('run', at(2));
  // Two texts, a token of each every 10 ms, 1 ms apart.
  trace.generated(at(8));
  trace.generated(at(9));
  for (let i = 1; i <= 4; i++) {
    trace.generated(at(8 + 10 * i), at(8 + 10 * (i - 1)));
    trace.generated(at(9 + 10 * i), at(9 + 10 * (i - 1)));
  }
  const record = opened.close({ status: 200, at: at(60) });
  expect(record.operation).toBe('chat');
  expect(record.generation).toEqual({
    firstUs: 8000,
    lastUs: 49_000,
    tokens: 10,
    betweenUs: 80_000,
    gaps: 8,
  });
  const [kept] = telemetry.ring.last();
  expect(traceJson(kept as never).generation).toEqual({
    tokens: 10,
    prefill_ms: 6,
    decode_ms: 41,
    time_per_output_token_ms: 10,
  });
});

test('a text of one token has no time per token, and a request without any no generation', () => {
  const telemetry = createTelemetry();
  const one = telemetry.openRequest({ method: '', path: 'generate' });
  one.trace.generated(one.trace.startedAt + 5);
  one.close({ status: 200, at: one.trace.startedAt + 9 });
  telemetry.openRequest({ method: '', path: 'embed' }).close({ status: 200 });
  const told = telemetry.ring.last().map((trace) => traceJson(trace).generation);
  expect(told).toHaveLength(2);
  expect(told).toContainEqual({ tokens: 1, prefill_ms: 0, decode_ms: 0, time_per_output_token_ms: null });
  expect(told).toContainEqual(null);
});
