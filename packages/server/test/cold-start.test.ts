import { type CollectedSpan, describeWithParts, startCollector } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { encoderDir, lmDir, startServer } from './serving.ts';

const models = ['--model', `e=${encoderDir}`, '--model', `lm=${lmDir}`, '--executors', '1'];

/** Values of a metric by the value of its label `phase`. */
function byPhase(text: string, pattern: RegExp): Map<string, number> {
  return new Map([...text.matchAll(pattern)].map(([, phase, value]) => [phase as string, Number(value)]));
}

/** All but the total add up to it. */
function expectSum(phases: ReadonlyMap<string, number>, least: readonly string[]): void {
  const parts = [...phases].filter(([name]) => name !== 'total');
  expect(parts.map(([name]) => name)).toEqual(expect.arrayContaining([...least]));
  const sum = parts.reduce((all, [, value]) => all + value, 0);
  expect(sum).toBeCloseTo(phases.get('total') as number, 6);
  for (const [name, value] of parts) expect(value, name).toBeGreaterThanOrEqual(0);
}

test('metrics and /v1/models tell the phases of a start and of each load, and they add up', async () => {
  await using server = await startServer({ args: models });
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expectSum(byPhase(text, /^inference_cold_start_seconds\{phase="(\w+)"\} (\S+)$/gm), [
    'process',
    'imports',
    'read',
    'optimise',
    'session',
    'first_run',
    'warm_up',
  ]);
  for (const name of ['e', 'lm']) {
    const sums = new RegExp(
      `^inference_model_load_seconds_sum\\{model="${name}",phase="(\\w+)"\\} (\\S+)$`,
      'gm',
    );
    const phases = byPhase(text, sums);
    expectSum(phases, ['process', 'imports', 'read', 'optimise', 'session', 'first_run']);
    for (const phase of ['process', 'imports', 'session', 'first_run'])
      expect(phases.get(phase), phase).toBeGreaterThan(0);
  }
  const { load } = await server.get<{
    load: { total_ms: number; phases: { name: string; duration_ms: number }[] };
  }>('/v1/models/e');
  expect(load.phases.reduce((sum, { duration_ms }) => sum + duration_ms, 0)).toBeCloseTo(load.total_ms, 0);
});

describeWithParts('a start at a real Collector', ['otelcol'], () => {
  test.each(['deferred', 'inline'])(
    'one span a load and one of the start, gap-free below it (%s)',
    async (mode) => {
      await using collector = await startCollector();
      await using server = await startServer({
        args: models,
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_BSP_SCHEDULE_DELAY: '100',
          INFEROMETER_MODE: mode,
        },
      });
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      const spans = await collector.waitForSpans(
        (all) =>
          all.filter(({ name }) => name === 'inference.model.load').length === 2 &&
          all.some(({ name }) => name === 'inference.cold_start'),
      );
      const loads = spans.filter(({ name }) => name === 'inference.model.load');
      expect(loads.map(({ attributes }) => attributes['inference.model']).sort()).toEqual(['e', 'lm']);
      for (const whole of [...loads, ...spans.filter(({ name }) => name === 'inference.cold_start')]) {
        const parts = spans
          .filter(({ parentSpanId }) => parentSpanId === whole.spanId)
          .sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
        expect(parts.map(({ attributes }) => attributes['inference.phase'])).toEqual(
          expect.arrayContaining(['process', 'imports', 'session', 'first_run']),
        );
        expectCovered(whole, parts);
      }
    },
  );
});

/** A number of milliseconds since the epoch has a resolution of a quarter of a microsecond. */
const roundingNs = 1000n;

function expectCovered(whole: CollectedSpan, parts: readonly CollectedSpan[]): void {
  let at = whole.startTimeUnixNano;
  for (const part of parts) {
    const gap = part.startTimeUnixNano - at;
    expect(gap < roundingNs && gap > -roundingNs, `${part.name} begins ${gap} ns after the one before`).toBe(
      true,
    );
    at = part.endTimeUnixNano;
  }
  const rest = whole.endTimeUnixNano - at;
  expect(rest < roundingNs && rest > -roundingNs, `the last part ends ${rest} ns before the whole`).toBe(
    true,
  );
}
