import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ env: { INFEROMETER_RING_CAPACITY: '50' } });
});
afterAll(() => server?.stop());

interface Trace {
  readonly event_id: string;
  readonly fn_name: string;
  readonly total_ms: number;
  readonly queue_wait_ms: number;
  readonly fn_call_ms: number;
  readonly unattributed_ms: number;
  readonly model: string;
  readonly status: number;
  readonly timestamp: number;
  readonly phases: { name: string; start_ms: number; duration_ms: number; count: number }[];
  readonly batch: { size: number; reason: string; padding_ratio: number; device_ms_share: number };
  readonly batches: { device_ms_share: number }[];
}

const traces = (query = ''): Promise<Trace[]> => server.get<Trace[]>(`/profiling/traces${query}`);
const clear = (): Promise<Response> => fetch(`${server.url}/profiling/clear`, { method: 'POST' });

test('under concurrent mixed load every trace’s phases sum to its total to the microsecond', async () => {
  await clear();
  const calls = Array.from({ length: 45 }, (_, i) =>
    i % 5 === 4
      ? server.post('/v1/completions', {
          prompt: 'mood: sleepy\n',
          max_tokens: 1 + (i % 7),
          stream: i % 2 === 0,
        })
      : server.post('/embed', {
          inputs: Array.from({ length: 1 + ((i * 7) % 40) }, (_, k) => `text ${k} `.repeat(1 + (k % 12))),
        }),
  );
  const answers = await Promise.all(calls);
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  expect(answers.every((answer) => answer.status === 200)).toBe(true);
  const all = await traces();
  expect(all).toHaveLength(45);
  for (const trace of all) {
    const sum = trace.phases.reduce((total, phase) => total + phase.duration_ms, 0);
    expect(Math.abs(sum - trace.total_ms)).toBeLessThan(0.0005);
    expect(trace.unattributed_ms).toBeGreaterThanOrEqual(0);
    expect(trace.phases.every((phase) => phase.duration_ms >= 0)).toBe(true);
  }
  const embeds = all.filter((trace) => trace.fn_name === '/embed');
  for (const trace of embeds) {
    expect(trace.phases.map((phase) => phase.name)).toEqual(
      expect.arrayContaining([
        'admission',
        'preprocess',
        'queue',
        'batch',
        'run',
        'postprocess',
        'unattributed',
      ]),
    );
    expect(trace.batch.reason).toMatch(/^(full|tokens|preferred|idle|share|waited|deadline|alone|drain)$/);
    const share = trace.batches.reduce((total, batch) => total + batch.device_ms_share, 0);
    // A share of runs side by side on all executors, not more than the time in which any of them ran times those.
    expect(share).toBeGreaterThan(0);
  }
  expect(
    embeds.some((trace) => trace.batches.length > 1),
    'inputs of one call split over batches',
  ).toBe(true);
});

test('last_n, filters, a single trace, and what is wrong with them', async () => {
  await clear();
  for (const text of ['one', 'two', 'three'])
    await (await server.post('/embed', { inputs: text })).arrayBuffer();
  await (await server.post('/embed', {})).arrayBuffer();
  const all = await traces();
  expect(all).toHaveLength(4);
  expect((await traces('?last_n=2')).map((trace) => trace.event_id)).toEqual(
    all.slice(2).map((trace) => trace.event_id),
  );
  expect(await traces('?last_n=0')).toEqual([]);
  expect(await traces('?status=ok')).toHaveLength(3);
  expect(await traces('?status=422&model=nickname-encoder')).toHaveLength(1);
  expect(Math.abs((all[0]?.timestamp ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  const bad = await fetch(`${server.url}/profiling/traces?last_n=-3`);
  expect([bad.status, await bad.json()]).toEqual([400, { error: 'last_n must be an integer >= 0, got -3' }]);
  expect((await fetch(`${server.url}/profiling/traces/nope`)).status).toBe(404);
  expect((await fetch(`${server.url}/profiling/clear`)).status).toBe(405);
});

test('the ring keeps the newest INFEROMETER_RING_CAPACITY requests', async () => {
  for (let i = 0; i < 60; i++) await (await server.post('/embed', { inputs: `text ${i}` })).arrayBuffer();
  expect(await traces()).toHaveLength(50);
  expect(await traces('?last_n=1000')).toHaveLength(50);
});

test('the summary has count, mean, min, max and quantiles of each phase and of the total', async () => {
  await clear();
  expect(await server.get('/profiling/summary')).toEqual({ count: 0, unit: 'ms', total: null, phases: {} });
  for (let i = 0; i < 20; i++) await (await server.post('/embed', { inputs: `text ${i}` })).arrayBuffer();
  const summary = await server.get<{ count: number; phases: Record<string, Record<string, number>> }>(
    '/profiling/summary',
  );
  expect(summary.count).toBe(20);
  const all = await traces();
  for (const name of [
    'admission',
    'preprocess',
    'queue',
    'batch',
    'run',
    'postprocess',
    'stream',
    'unattributed',
    'total',
  ]) {
    const stats = summary.phases[name] as Record<string, number>;
    expect(Object.keys(stats).sort()).toEqual(['count', 'max', 'mean', 'min', 'p50', 'p90', 'p95', 'p99']);
    const values = all
      .map((trace) =>
        name === 'total'
          ? trace.total_ms
          : (trace.phases.find((phase) => phase.name === name)?.duration_ms ?? 0),
      )
      .sort((a, b) => a - b);
    expect(stats.min).toBeCloseTo(values[0] as number, 6);
    expect(stats.max).toBeCloseTo(values[19] as number, 6);
    expect(stats.p50).toBeCloseTo(((values[9] as number) + (values[10] as number)) / 2, 6);
    expect(stats.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 20, 6);
  }
});
