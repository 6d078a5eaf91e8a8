import { type CollectedSpan, describeWithParts, startCollector, waitFor } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { type Balancer, startBalancer } from './balancer.ts';
import { encoderDir, lmDir, startServer, type TestServer } from './serving.ts';

/** Longer than a balancer takes to ask again, also on a machine that is busy. */
const drainDelayMs = 5000;

test('after SIGTERM it says that it is not ready, and still answers while the delay lasts', async () => {
  await using server = await startServer({
    args: ['--model', `e=${encoderDir}`, '--executors', '1', '--drain-delay', '600000'],
  });
  const before = await server.post('/embed', { inputs: 'before' });
  expect(before.headers.get('connection')).not.toBe('close');
  server.process.signal('SIGTERM');
  const draining = await waitFor('readiness to be off', async () => {
    const response = await fetch(`${server.url}/readyz`);
    return response.status === 503 ? response : undefined;
  });
  expect(await draining.json()).toMatchObject({ status: 'draining' });
  const after = await server.post('/embed', { inputs: 'after' });
  expect(after.status).toBe(200);
  // The next request of this client is to go elsewhere.
  expect(after.headers.get('connection')).toBe('close');
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  // Who does not want to wait says so twice.
  server.process.signal('SIGTERM');
  expect(await server.process.exited).toEqual({ code: 1, signal: null });
});

describeWithParts('a rolling restart behind a balancer, under load', ['otelcol'], () => {
  test('loses no request and no trace', async () => {
    await using collector = await startCollector();
    await using balancer = await startBalancer();
    const start = (): Promise<TestServer> =>
      startServer({
        args: [
          ...['--model', `e=${encoderDir}`, '--model', `lm=${lmDir}`, '--executors', '1', '--threads', '1'],
          ...['--drain-delay', String(drainDelayMs), '--drain-timeout', '60000'],
        ],
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          INFEROMETER_TRACES_PER_SECOND: '0',
          // The last flush may find the machine busy.
          INFEROMETER_SHUTDOWN_LIMIT_MS: '20000',
        },
      });
    const first = await start();
    const second = await start();
    const servers = [first, second];
    try {
      for (const { url } of servers) balancer.add(url);
      await waitFor('both to be ready', () => servers.every(({ url }) => balancer.isReady(url)));
      const load = startLoad(balancer);
      await moreAnswers(balancer, first, second);
      expect(await replace(first, balancer)).toEqual({ code: 0, signal: null });
      const third = await start();
      servers.push(third);
      balancer.add(third.url);
      await moreAnswers(balancer, second, third);
      expect(await replace(second, balancer)).toEqual({ code: 0, signal: null });
      await moreAnswers(balancer, third);
      const { sent, lost } = await load.stop();
      expect(lost).toEqual([]);
      expect(sent).toBeGreaterThan(100);
      await third.process.stop();
      // All that was answered is told of: what was in flight at the end as well.
      const spans = await collector.waitForSpans((all) => all.filter(isRequest).length >= sent);
      expect(spans.filter(isRequest)).toHaveLength(sent);
    } finally {
      for (const server of servers) await server[Symbol.asyncDispose]();
    }
  }, 240_000);
});

/** Ends a server as a cluster does; the balancer learns of it by asking. */
async function replace(server: TestServer, balancer: Balancer): Promise<unknown> {
  server.process.signal('SIGTERM');
  const status = await server.process.exited;
  balancer.remove(server.url);
  return status;
}

/** Waits until each of the servers has answered some more. */
async function moreAnswers(balancer: Balancer, ...servers: readonly TestServer[]): Promise<void> {
  const count = ({ url }: TestServer): number => balancer.answered.get(url) ?? 0;
  const before = servers.map(count);
  await waitFor(
    'answers of each server',
    () => servers.every((server, index) => count(server) >= (before[index] ?? 0) + 20),
    { timeoutMs: 60_000 },
  );
}

interface Load {
  /** Ends it, and says how many requests there were and what became of those that were not answered. */
  stop(): Promise<{ sent: number; lost: string[] }>;
}

/** Requests without a pause, four at a time: vectors, and texts that are streamed. */
function startLoad(balancer: Balancer): Load {
  let isOver = false;
  let sent = 0;
  const lost: string[] = [];
  const cases = [
    { path: '/embed', body: { inputs: ['rain on the roof', 'a'] }, end: ']]' },
    {
      path: '/v1/completions',
      body: { model: 'lm', prompt: 'mood: sleepy\n', max_tokens: 24, stream: true },
      end: 'data: [DONE]',
    },
  ];
  const client = async (id: number): Promise<void> => {
    for (let i = id; !isOver; i++) {
      const { path, body, end } = cases[i % cases.length] as (typeof cases)[number];
      sent++;
      try {
        const response = await fetch(balancer.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        const text = (await response.text()).trimEnd();
        if (response.status !== 200 || !text.endsWith(end))
          lost.push(`${path}: ${response.status} …${text.slice(-200)}`);
      } catch (error) {
        lost.push(`${path}: ${(error as Error).message}`);
      }
    }
  };
  const clients = Promise.all([0, 1, 2, 3].map(client));
  return {
    async stop() {
      isOver = true;
      await clients;
      return { sent, lost };
    },
  };
}

function isRequest({ name, kind }: CollectedSpan): boolean {
  return kind === 'SERVER' && name.startsWith('POST ');
}
