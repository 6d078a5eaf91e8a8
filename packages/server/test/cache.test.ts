import {
  type CollectedSpan,
  describeWithParts,
  startCollector,
  startRedis,
  waitFor,
} from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { encoderDir, lmDir, runCli, startServer, type TestServer } from './serving.ts';

const args = ['--model', `encoder=${encoderDir}`, '--model', `lm=${lmDir}`];
const mood = { text: 'I could sleep all day', seed: 7 };
const story = { model: 'lm', prompt: 'mood: I could sleep all day\n', max_tokens: 16 };

async function embed(
  server: TestServer,
  inputs: string | readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Promise<{ cache: string | null; vectors: readonly number[][] }> {
  const response = await server.post('/embed', { inputs }, headers);
  expect(response.status).toBe(200);
  return { cache: response.headers.get('x-cache'), vectors: (await response.json()) as number[][] };
}

/** A sample of /metrics; 0 where there is none. */
async function metric(server: TestServer, series: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
const lookups = (cache: string, result: string): string =>
  `inference_cache_requests_total{cache="${cache}",result="${result}"}`;

test('nothing is cached unless it is asked for', async () => {
  await using server = await startServer({ args });
  for (let i = 0; i < 2; i++) expect((await embed(server, 'again')).cache).toBeNull();
  expect(await (await fetch(`${server.url}/metrics`)).text()).not.toMatch(
    /^inference_cache_requests_total\{/m,
  );
});

test('vectors and repeatable answers come from memory the second time, the same to the last digit', async () => {
  await using server = await startServer({ args: [...args, '--cache-bytes', '10000000'] });
  const first = await embed(server, ['a', 'b', 'a']);
  expect(first.cache).toBe('miss');
  const second = await embed(server, ['b', 'a']);
  expect(second).toEqual({ cache: 'hit', vectors: [first.vectors[1], first.vectors[0]] });
  expect((await embed(server, ['b', 'new'])).cache).toBe('miss');
  expect((await embed(server, 'a', { 'cache-control': 'no-cache' })).cache).toBe('miss');
  expect((await embed(server, 'a', { 'cache-control': 'no-store' })).cache).toBeNull();

  const answer = async (path: string, body: object): Promise<[string | null, Record<string, unknown>]> => {
    const response = await server.post(path, body);
    expect(response.status).toBe(200);
    return [response.headers.get('x-cache'), (await response.json()) as Record<string, unknown>];
  };
  const named = await answer('/nicknames', mood);
  expect(named[0]).toBe('miss');
  expect(await answer('/nicknames', mood)).toEqual(['hit', named[1]]);
  expect((await answer('/nicknames', { ...mood, seed: 8 }))[0]).toBe('miss');

  for (const body of [
    { ...story, temperature: 0 },
    { ...story, seed: 5 },
  ]) {
    const told = await answer('/v1/completions', body);
    const again = await answer('/v1/completions', body);
    expect([told[0], again[0]]).toEqual(['miss', 'hit']);
    expect(again[1]).toMatchObject({ choices: told[1].choices, usage: told[1].usage });
    expect(again[1].id).not.toBe(told[1].id);
    // Every parameter counts.
    expect((await answer('/v1/completions', { ...body, max_tokens: 4 }))[0]).toBe('miss');
  }
  // Each time another one.
  for (let i = 0; i < 2; i++) expect((await answer('/v1/completions', story))[0]).toBeNull();

  expect(await metric(server, lookups('responses.memory', 'hit'))).toBe(3);
  await waitFor(
    'gauges',
    async () => (await metric(server, 'inference_cache_entries{cache="responses.memory"}')) === 6,
  );
  expect(await metric(server, 'inference_cache_bytes{cache="vectors.memory"}')).toBeGreaterThan(0);
});

test('a hit is traced: no queue, no run, no device time, and its phases add up', async () => {
  await using server = await startServer({ args: [...args, '--cache-bytes', '10000000'] });
  for (let i = 0; i < 2; i++) await embed(server, 'traced');
  interface Trace {
    readonly device_ms: number;
    readonly total_ms: number;
    readonly phases: readonly { name: string; duration_ms: number }[];
  }
  const traces = await server.get<Trace[]>('/profiling/traces?last_n=2');
  const hit = traces.at(-1) as Trace;
  const names = hit.phases.map(({ name }) => name).filter((name) => name !== 'unattributed');
  expect(names).toEqual(['admission', 'preprocess', 'postprocess']);
  expect(hit.device_ms).toBe(0);
  expect(hit.phases.reduce((sum, { duration_ms }) => sum + duration_ms, 0)).toBeCloseTo(hit.total_ms, 3);
});

test.each([
  [['--cache-bytes', '-1'], /expected an integer >= 0/],
  [['--cache-ttl', '0'], /expected a number from 0.001/],
  [['--redis', 'http://user:secret@host'], /^(?!.*secret).*the Redis URL must be redis:/],
])('%o is refused at the start', async (flags, message) => {
  const { code, stderr } = await runCli(['serve', ...flags]);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});

/** Two servers, or one that is asked for long: on a busy machine that takes its time. */
const longMs = 120_000;

describeWithParts('servers that share a Redis', ['redis-server'], () => {
  test('find what the other has computed', { timeout: longMs }, async () => {
    await using redis = await startRedis();
    const env = { INFEROMETER_REDIS_URL: redis.url, INFEROMETER_REDIS_TIMEOUT: '500' };
    await using one = await startServer({ args, env });
    await using other = await startServer({ args, env });
    const first = await embed(one, ['shared', 'by two']);
    await waitFor('the other to find it', async () => {
      const { cache, vectors } = await embed(other, ['shared', 'by two']);
      expect(vectors).toEqual(first.vectors);
      return cache === 'hit';
    });
    expect(await metric(other, lookups('vectors.redis', 'hit'))).toBeGreaterThan(0);
  });

  test('one that is killed and comes back costs no request, and no time', { timeout: longMs }, async () => {
    const first = await startRedis();
    await using server = await startServer({ args: [...args, '--redis', first.url, '--cache-bytes', '0'] });
    const texts = Array.from({ length: 40 }, (_, n) => `mood number ${n}`);
    const expected = new Map<string, readonly number[]>();
    for (const text of texts) expected.set(text, (await embed(server, text)).vectors[0] as number[]);

    let isOver = false;
    let times: number[] = [];
    const loops = Array.from({ length: 4 }, async (_, loop) => {
      for (let n = loop; !isOver; n++) {
        const text = texts[n % texts.length] as string;
        const start = performance.now();
        const { vectors } = await embed(server, text);
        times.push(performance.now() - start);
        // Computed or found, alone or in a batch: the same within what padding does to the last bits.
        const alone = expected.get(text) as readonly number[];
        expect(
          Math.max(...(vectors[0] as number[]).map((x, k) => Math.abs(x - (alone[k] as number)))),
        ).toBeLessThan(1e-5);
      }
    });
    /** Median time of a request from now on, ms. */
    const median = async (requests: number): Promise<number> => {
      times = [];
      await waitFor('requests', () => times.length >= requests);
      const sorted = [...times].sort((a, b) => a - b);
      return sorted[sorted.length >> 1] as number;
    };
    const breaker = (): Promise<number> =>
      metric(server, 'inference_cache_breaker_state{cache="vectors.redis"}');
    await waitFor('hits', async () => (await metric(server, lookups('vectors.redis', 'hit'))) > 20);

    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    await waitFor('the breaker to open', async () => (await breaker()) > 0);
    const dead = await median(200);

    await using _second = await startRedis({ port: first.port });
    await waitFor('the breaker to close', async () => (await breaker()) === 0);
    const hits = await metric(server, lookups('vectors.redis', 'hit'));
    await waitFor(
      'hits again',
      async () => (await metric(server, lookups('vectors.redis', 'hit'))) > hits + 20,
    );
    isOver = true;
    await Promise.all(loops);

    // Against the same server with caches left aside: a dead Redis costs next to nothing. Wide, for tests run side by side.
    const start = performance.now();
    let bare = 0;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        while (bare < 200) {
          bare++;
          await embed(server, texts[bare % texts.length] as string, { 'cache-control': 'no-store' });
        }
      }),
    );
    const withoutCache = ((performance.now() - start) * 4) / 200;
    expect(dead).toBeLessThan(withoutCache * 3 + 5);
  });
});

describeWithParts('spans of a cache', ['redis-server', 'otelcol'], () => {
  test('say how it answered; what Redis was asked lies below the request', { timeout: longMs }, async () => {
    await using redis = await startRedis();
    await using collector = await startCollector();
    await using server = await startServer({
      args: [...args, '--redis', redis.url, '--redis-timeout', '5000'],
      env: {
        NODE_OPTIONS: `--import=${import.meta.resolve('@inferometer/sdk/register')}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_BSP_SCHEDULE_DELAY: '200',
      },
    });
    await embed(server, ['one', 'two', 'one']);
    await embed(server, ['one', 'two']);
    const rootsOf = (all: readonly CollectedSpan[]): CollectedSpan[] =>
      all.filter((span) => span.name === 'POST /embed');
    const spans = await collector.waitForSpans(
      (all) => rootsOf(all).length === 2 && all.some((span) => span.name === 'mget'),
    );
    const [miss, hit] = rootsOf(spans).sort((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
    expect(miss?.attributes).toMatchObject({
      'inference.cache.result': 'miss',
      'inference.cache.misses': 2,
      'inference.cache.coalesced': 1,
      'inference.cache.wait_ms': expect.any(Number),
    });
    expect(hit?.attributes).toMatchObject({ 'inference.cache.result': 'hit', 'inference.cache.hits': 2 });
    const asked = spans.filter((span) => span.name === 'mget' && span.traceId === miss?.traceId);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ kind: 'CLIENT', parentSpanId: miss?.spanId });
  });
});
