import { afterAll, beforeAll, expect, test } from 'vitest';
import { fitHistory } from '../src/http/apps/chat-history.ts';
import { lmDir, startServer, type TestServer } from './serving.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ args: ['--model', `lm=${lmDir}`, '--executors', '1', '--threads', '1'] });
});
afterAll(() => server?.stop());

interface Event {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** The events of an answer, in order. */
function eventsOf(text: string): Event[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      return { name, data: JSON.parse(data) as Record<string, unknown> };
    });
}

async function say(
  body: object,
): Promise<{ events: Event[]; done: Record<string, unknown>; eventId: string }> {
  const response = await server.post('/apps/llm_chat', body);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events = eventsOf(await response.text());
  const eventId = response.headers.get('x-event-id') as string;
  return { events, done: events.at(-1)?.data as Record<string, unknown>, eventId };
}

const message = 'I could sleep all day';
const few = { message, temperature: 0, max_tokens: 12 };

test('an answer comes in pieces: the session, texts, the whole', async () => {
  const { events, done, eventId } = await say(few);
  expect(events.map(({ name }) => name)).toEqual([
    'session',
    ...Array.from({ length: events.length - 2 }, () => 'text'),
    'done',
  ]);
  const text = events.map(({ data, name }) => (name === 'text' ? data.text : '')).join('');
  expect(text.length).toBeGreaterThan(0);
  expect(done).toMatchObject({ text, session_hash: events[0]?.data.session_hash, model: 'lm', messages: 1 });
  const trace = await server.get<Record<string, unknown>>(`/profiling/traces/${eventId}`);
  expect(trace).toMatchObject({ session_hash: done.session_hash, model: 'lm', status: 200 });
  expect(trace.ttft_ms).toBeGreaterThan(0);
});

test('a session remembers what was said, and others do not', async () => {
  const first = await say(few);
  const second = await say({ ...few, message: 'and now I am happy', session_hash: first.done.session_hash });
  const alone = await say({ ...few, message: 'and now I am happy' });
  expect(second.done).toMatchObject({ session_hash: first.done.session_hash, messages: 3 });
  expect(alone.done).toMatchObject({ messages: 1 });
  expect(alone.done.session_hash).not.toBe(first.done.session_hash);
  const tokens = ({ done }: { done: Record<string, unknown> }): number =>
    (done.usage as { prompt_tokens: number }).prompt_tokens;
  expect(tokens(second)).toBeGreaterThan(tokens(alone) + 4);
});

test('a conversation over the context goes on without its oldest turns', async () => {
  let session: unknown;
  let most = 0;
  for (let turn = 0; turn < 8; turn++) {
    const { done } = await say({
      ...few,
      message: 'tired '.repeat(30),
      ...(session ? { session_hash: session } : {}),
    });
    session = done.session_hash;
    most = Math.max(most, done.messages as number);
    expect((done.usage as { prompt_tokens: number }).prompt_tokens).toBeLessThanOrEqual(256 - 12);
  }
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThan(15);
});

test('a session answers one message at a time', async () => {
  const { done } = await say(few);
  const long = { ...few, session_hash: done.session_hash, ignore_eos: true, max_tokens: 180 };
  const statuses = await Promise.all(
    [long, long].map(async (body) => (await server.post('/apps/llm_chat', body)).status),
  );
  expect(statuses.sort()).toEqual([200, 409]);
});

test.each<[string, object, number, string, string]>([
  [
    'a session that does not exist',
    { ...few, session_hash: 'nobody' },
    404,
    'session_not_found',
    'session_hash',
  ],
  ['no message', {}, 400, 'invalid_value', 'message'],
  ['an empty message', { message: '' }, 400, 'invalid_value', 'message'],
  [
    'a message past the context',
    { message: 'tired '.repeat(600) },
    400,
    'context_length_exceeded',
    'message',
  ],
  ['more than the context has', { message, max_tokens: 1000 }, 400, 'context_length_exceeded', 'max_tokens'],
  ['a negative temperature', { message, temperature: -1 }, 400, 'invalid_value', 'temperature'],
  ['an unknown model', { message, model: 'nobody' }, 404, 'model_not_found', 'model'],
])('%s is refused', async (_name, body, status, code, param) => {
  const response = await server.post('/apps/llm_chat', body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: { code, param } });
});

test('fitHistory leaves out whole turns, oldest first, and keeps the last message', async () => {
  const messages = [1, 2, 3, 4, 5].map((i) => ({ role: i % 2 ? 'user' : 'assistant', content: String(i) }));
  const encode = async (some: readonly object[]) => new Int32Array(some.length * 10);
  const kept = async (limit: number): Promise<string> => {
    const fitted = await fitHistory(messages, encode, (tokens) => tokens <= limit);
    expect(fitted.prompt).toHaveLength(fitted.messages.length * 10);
    return fitted.messages.map(({ content }) => content).join('');
  };
  expect(await kept(50)).toBe('12345');
  expect(await kept(49)).toBe('345');
  expect(await kept(5)).toBe('5');
});
