import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describeWithParts, waitFor } from '@inferometer/testkit';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDecoders } from '../../engine/test/decoders.ts';
import { startServer, type TestServer } from './serving.ts';

interface Trace {
  readonly status: number;
  readonly error_type: string | null;
  readonly generation: { readonly tokens: number };
  readonly total_ms: number;
  readonly phases: readonly { readonly name: string; readonly duration_ms: number }[];
}

const stallMs = 3000;
const long = { model: 'wordy', prompt: 'w1', ignore_eos: true, stream: true } as const;

/** The tokens of a stream: each is ten kilobytes. */
const tokensIn = (text: string): number => text.split('x'.repeat(10_000)).length - 1;

describeWithParts('streams', ['python'], () => {
  let decoders: Awaited<ReturnType<typeof makeDecoders>>;
  let server: TestServer;
  let client: OpenAI;
  beforeAll(async () => {
    decoders = await makeDecoders();
    server = await startServer({
      args: ['--model', `wordy=${decoders.dir('wordy')}`, '--executors', '1', '--threads', '1'].concat([
        '--stream-stall',
        String(stallMs),
        '--stream-ping',
        '100',
      ]),
    });
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(async () => {
    await server?.stop();
    decoders?.remove();
  });

  /** Asks for a stream on a connection of its own and reads nothing yet. @returns the connection and its head */
  async function ask(body: object): Promise<{ socket: Socket; eventId: string; head: string }> {
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const text = JSON.stringify(body);
    socket.write(
      'POST /v1/completions HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n' +
        `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    );
    const head = await new Promise<string>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', (data: Buffer) => {
        socket.pause();
        resolve(data.toString());
      });
    });
    socket.on('error', () => {});
    return { socket, head, eventId: /x-event-id: (\w+)/i.exec(head)?.[1] as string };
  }

  const traceOf = (eventId: string): Promise<Trace> =>
    waitFor('the trace', async () => {
      const found = await fetch(`${server.url}/profiling/traces/${eventId}`);
      return found.ok ? ((await found.json()) as Trace) : undefined;
    });

  test('a reader that never reads rests its generation alone, and is cut off', async () => {
    const start = performance.now();
    const stalled = await ask({ ...long, max_tokens: 90_000 });
    let others = 0;
    const trace = traceOf(stalled.eventId);
    let isOver = false;
    trace.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const answer = await client.completions.create({ ...long, stream: false, max_tokens: 20 });
      expect(answer.usage?.completion_tokens).toBe(20);
      others++;
    }
    const { status, error_type, generation, phases, total_ms } = await trace;
    expect({ status, error_type }).toEqual({ status: 499, error_type: 'reader_stalled' });
    // What the sockets of both sides hold is a few megabytes; 90,000 tokens would be nine hundred.
    expect(generation.tokens).toBeLessThan(3000);
    expect(phases.find(({ name }) => name === 'stream')?.duration_ms).toBeGreaterThan(stallMs * 0.9);
    expect(phases.reduce((sum, phase) => sum + phase.duration_ms, 0)).toBeCloseTo(total_ms, 3);
    expect(others).toBeGreaterThan(5);
    expect(performance.now() - start).toBeGreaterThan(stallMs);
    stalled.socket.destroy();
  });

  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`^${name}(?:\\{.*model="wordy".*\\})? (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  };
  /** Model runs so far. */
  const runs = (): Promise<number> => metric('inference_batch_size_count');

  test('a slow reader gets all of it: its generation rests and goes on', async () => {
    const slow = await ask({ ...long, max_tokens: 1500 });
    let before = -1;
    await waitFor(
      'the generation to rest',
      async () => {
        const now = await runs();
        const isAtRest = now === before;
        before = now;
        return isAtRest;
      },
      { intervalMs: 500 },
    );
    let text = slow.head;
    await new Promise<void>((resolve, reject) => {
      slow.socket.on('data', (data: Buffer) => {
        text += data.toString('latin1');
      });
      slow.socket.on('close', () => resolve());
      slow.socket.on('error', reject);
      slow.socket.resume();
    });
    expect(tokensIn(text)).toBe(1500);
    expect(text).toContain('data: [DONE]');
    const { status, generation, phases } = await traceOf(slow.eventId);
    expect({ status, tokens: generation.tokens }).toEqual({ status: 200, tokens: 1500 });
    expect(phases.find(({ name }) => name === 'stream')?.duration_ms).toBeGreaterThan(300);
  });

  test('while a request waits for a place, comments keep its connection alive', async () => {
    const leave = new AbortController();
    const busy = Array.from({ length: 8 }, () =>
      client.completions.create({ ...long, stream: false, max_tokens: 8000 } as never, {
        signal: leave.signal,
      }),
    );
    const ends = Promise.allSettled(busy);
    await waitFor('all places to be taken', async () => (await metric('inference_requests_in_flight')) === 8);
    const waiting = fetch(`${server.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...long, max_tokens: 3 }),
    });
    const streamed = client.completions.create({ ...long, max_tokens: 3 });
    const response = await waiting;
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('no-cache');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const first = await reader.read();
    expect(new TextDecoder().decode(first.value)).toMatch(/^: ping\n\n/);
    leave.abort();
    await ends;
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest += new TextDecoder().decode(value);
    }
    expect(tokensIn(rest)).toBe(3);
    const events = rest.split('\n\n').filter((event) => event !== '' && event !== ': ping');
    expect(events.every((event) => /^data: (\{.*\}|\[DONE\])$/.test(event))).toBe(true);
    expect(events.at(-1)).toBe('data: [DONE]');
    let pieces = 0;
    for await (const chunk of await streamed) pieces += chunk.choices[0]?.text ? 1 : 0;
    expect(pieces).toBe(3);
  });

  test('a failure in mid-stream is told in the stream', async () => {
    const { data: stream, response } = await client.completions
      .create({ ...long, max_tokens: 20_000 })
      .withResponse();
    const pid = server.process.pid as number;
    const executor = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
    let pieces = 0;
    const reading = (async () => {
      for await (const _ of stream) if (++pieces === 5) process.kill(Number(executor), 'SIGKILL');
    })();
    await expect(reading).rejects.toMatchObject({
      error: { type: 'server_error', code: 'unavailable', message: expect.stringContaining('SIGKILL') },
    });
    const trace = await traceOf(response.headers.get('x-event-id') as string);
    expect(trace).toMatchObject({ status: 503, error_type: 'unavailable' });
    // It comes back.
    await waitFor('the next executor', async () => {
      const answer = await client.completions.create({ ...long, stream: false, max_tokens: 2 });
      return answer.usage?.completion_tokens === 2;
    });
  });
});
