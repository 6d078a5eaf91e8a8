import { connect } from 'node:net';
import { waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encoderDir, lmDir, startServer, type TestServer } from './serving.ts';

const long = 'words that take their time '.repeat(40);

/** One executor that runs one text at a time: easily more than it can do. */
const slow = ['--executors', '1', '--threads', '1', '--max-batch-size', '1'];

describe('deadlines, priorities and tenants in headers', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ args: ['--model', `e=${encoderDir}`, ...slow] });
  });
  afterAll(() => server?.stop());

  test.each([
    ['x-request-timeout', 'soon', 'expected seconds over 0, such as 1.5, 2s or 500ms, got "soon"'],
    ['x-request-timeout', '0', 'expected seconds over 0, such as 1.5, 2s or 500ms, got "0"'],
    ['x-request-timeout', '-1', 'expected seconds over 0, such as 1.5, 2s or 500ms, got "-1"'],
    ['grpc-timeout', '5', 'expected digits and one of H M S m u n, such as 500m, got "5"'],
    ['grpc-timeout', '123456789S', 'expected digits and one of H M S m u n, such as 500m, got "123456789S"'],
    ['x-request-priority', 'urgent', 'expected high, normal or low, got "urgent"'],
    ['x-tenant-id', 'a b', 'expected up to 128 letters, digits and . : @ / _ -, got "a b"'],
  ])('%s: %s is refused by name', async (name, value, message) => {
    const response = await server.post('/v1/embeddings', { input: 'x' }, { [name]: value });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: `\`header ${name}\`: ${message}` } });
  });

  test.each([
    { 'x-request-timeout': '2.5' },
    { 'x-request-timeout': '2500ms' },
    { 'x-request-timeout': '3s' },
    { 'grpc-timeout': '2500m' },
    { 'grpc-timeout': '1M', 'x-request-priority': 'high', 'x-tenant-id': 'team/a' },
  ])('%o is taken', async (headers) => {
    expect((await server.post('/embed', { inputs: 'x' }, headers as Record<string, string>)).status).toBe(
      200,
    );
  });

  test('the tenant is in the trace and in the metric of device time', async () => {
    await server.post('/embed', { inputs: 'whose is this' }, { 'x-tenant-id': 'team-a' });
    const [trace] = await server.get<{ tenant: string }[]>('/profiling/traces?last_n=1');
    expect(trace?.tenant).toBe('team-a');
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(
      /inference_device_time_seconds_total\{model="e",tenant="team-a",inference_device="cpu"\} 0\.\d+/,
    );
  });

  test('what cannot be in time is refused with the seconds after which it could, what was let in is in time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, async () => {
        const begun = performance.now();
        const response = await server.post('/embed', { inputs: long }, { 'x-request-timeout': '300ms' });
        await response.arrayBuffer();
        return {
          status: response.status,
          ms: performance.now() - begun,
          retry: response.headers.get('retry-after'),
        };
      }),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ retry }) => Number(retry) >= 1)).toBe(true);
    expect(answers.filter(({ status }) => ![200, 429, 504].includes(status))).toEqual([]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const count = (reason: string): number =>
      Number(
        new RegExp(`inference_requests_rejected_total\\{model="e",reason="${reason}"\\} (\\d+)`).exec(
          metrics,
        )?.[1] ?? 0,
      );
    expect(count('deadline') + count('expired')).toBe(answers.filter(({ status }) => status !== 200).length);
  });

  test('a deadline that has passed before anything was run costs no run', async () => {
    const before = await runs(server);
    const response = await server.post('/embed', { inputs: 'x' }, { 'grpc-timeout': '1n' });
    expect([429, 504]).toContain(response.status);
    expect(await runs(server)).toBe(before);
  });
});

async function runs(server: TestServer): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return [...metrics.matchAll(/^inference_batch_size_count\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

describe('a client that goes away', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({
      args: ['--model', `e=${encoderDir}`, '--model', `g=${lmDir}`, ...slow, '--max-generations', '1'],
    });
  });
  afterAll(() => server?.stop());

  /** Sends bytes and closes the connection after a while. */
  async function leave(bytes: string, afterMs: number): Promise<void> {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(bytes);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    socket.destroy();
  }

  const request = (path: string, body: unknown, cut = Number.POSITIVE_INFINITY): string => {
    const json = JSON.stringify(body);
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n`;
    return head + json.slice(0, cut);
  };

  const embed = { inputs: Array.from({ length: 20 }, () => long) };
  const story = { model: 'g', prompt: 'mood: sleepy\n', max_tokens: 200, stream: true, ignore_eos: true };
  test.each([
    ['within the head', 'POST /embed HTTP/1.1\r\nhost:', 5],
    ['within the body', request('/embed', embed, 200), 5],
    ['as soon as it has been sent', request('/embed', embed), 0],
    ['while it queues and runs', request('/embed', embed), 15],
    ['in the middle of a stream', request('/v1/completions', story), 60],
    [
      'in the middle of an answer that is not streamed',
      request('/v1/completions', { ...story, stream: false }),
      40,
    ],
  ])('%s: nothing is left of it, and the next is served', async (_when, bytes, afterMs) => {
    for (let round = 0; round < 5; round++) await leave(bytes, afterMs);
    await waitFor('everything to be over', async () => {
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      const depths = [...metrics.matchAll(/^inference_queue_depth\{[^}]*\} (\d+)$/gm)].map(([, depth]) =>
        Number(depth),
      );
      const inFlight = /^inference_requests_in_flight (\d+)$/m.exec(metrics)?.[1];
      return depths.length === 2 && depths.every((depth) => depth === 0) && inFlight === '0';
    });
    // Left before the model had it: it was not run to its end.
    const response = await server.post('/v1/completions', { ...story, max_tokens: 5, stream: false });
    expect(response.status).toBe(200);
    expect((await server.post('/embed', { inputs: 'still here' })).status).toBe(200);
  });
});

test('an overload is refused early: before the body is read, and in next to no time', async () => {
  await using server = await startServer({
    args: ['--model', `e=${encoderDir}`, ...slow, '--max-queue', '4'],
  });
  const load = Array.from({ length: 40 }, () => server.post('/embed', { inputs: long }));
  await waitFor('a full queue', async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    return /inference_requests_rejected_total\{model="e",reason="queue_full"\} [1-9]/.test(metrics);
  });
  const statuses = (await Promise.all(load)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const refused = statuses.filter((status) => status === 429).length;
  // Whichever way it was refused, it counts as a request.
  const counted = [
    ...metrics.matchAll(/^inference_request_duration_seconds_count\{model="e",status="429"\} (\d+)$/gm),
  ];
  expect(Number(counted[0]?.[1])).toBe(refused);
});

test('in an overload that lasts most are refused early, though a smaller one would be let in', async () => {
  await using server = await startServer({ args: ['--model', `e=${encoderDir}`, ...slow] });
  let refused = 0;
  const caller = async (): Promise<void> => {
    while (refused < 600) {
      const response = await server.post('/embed', { inputs: long }, { 'x-request-timeout': '150ms' });
      await response.arrayBuffer();
      if (response.status === 429) refused++;
    }
  };
  await Promise.all(Array.from({ length: 60 }, caller));
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const sum = (series: RegExp): number =>
    [...metrics.matchAll(series)].reduce((total, [, count]) => total + Number(count), 0);
  const all = sum(/^inference_request_duration_seconds_count\{[^}]*\} (\d+)$/gm);
  // What is refused early is no request with a trace.
  const early = all - sum(/^inference_requests_total\{[^}]*\} (\d+)$/gm);
  expect(early / refused).toBeGreaterThan(0.6);
});
