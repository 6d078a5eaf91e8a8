import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { goneSignal, inferometer } from '@inferometer/express';
import { expect, onTestFinished, test, vi } from 'vitest';
import { record, seen } from './serving.ts';

/** Express does not speak HTTP/2; apps that put it before their handlers themselves do. */
async function ask(answer: (response: Http2ServerResponse) => void, path = '/x?y=1') {
  const recording = record();
  const middleware = inferometer({ telemetry: recording.telemetry });
  let signal: AbortSignal | undefined;
  const server = createServer((request, response) =>
    middleware(request as never, response as never, () => {
      signal = goneSignal(request as never);
      answer(response);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  session.on('error', () => {});
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const stream: ClientHttp2Stream = session.request({ ':path': path });
  stream.on('error', () => {});
  let headers: IncomingHttpHeaders | undefined;
  let text = '';
  stream.on('response', (all) => {
    headers = all;
  });
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return { ...recording, session, stream, text: () => text, headers: () => headers, signal: () => signal };
}

test('an answer has its headers, and is recorded when it is complete', async () => {
  const asked = await ask((response) => void response.writeHead(201, { 'x-own': 'a' }).end('hello'));
  const [trace] = await asked.records(1);
  expect(trace && seen(trace)).toBe('GET  201');
  await vi.waitFor(() => expect(asked.text()).toBe('hello'));
  expect(asked.headers()).toMatchObject({
    ':status': 201,
    'x-own': 'a',
    'server-timing': expect.stringMatching(/total;dur=/),
    'x-event-id': trace?.trace.eventId,
  });
  expect(asked.signal()?.aborted).toBe(false);
});

test('/profiling answers', async () => {
  const asked = await ask(() => {}, '/profiling');
  await vi.waitFor(() => expect(asked.headers()).toBeDefined());
  // An authority that is a loopback address, and a client that is.
  expect(asked.headers()?.[':status']).toBe(200);
});

test.each<[string, (asked: Awaited<ReturnType<typeof ask>>) => void]>([
  ['cancels its request', ({ stream }) => stream.close(constants.NGHTTP2_CANCEL)],
  ['closes its connection', ({ session }) => session.destroy()],
])('a client that %s', async (_how, leave) => {
  for (const first of ['', 'the first part']) {
    const asked = await ask((response) => void (first && response.write(first)));
    await vi.waitFor(() => expect(asked.signal()).toBeDefined());
    await vi.waitFor(() => expect(asked.text()).toBe(first));
    leave(asked);
    expect((await asked.records(1)).map(seen)).toEqual(['GET  499 client_disconnected']);
    expect(asked.signal()?.aborted).toBe(true);
  }
});

test.each<[string, (response: Http2ServerResponse) => void]>([
  ['destroys the stream', (response) => void response.stream.destroy()],
  ['destroys it with an error', (response) => void response.stream.destroy(new Error('on purpose'))],
  ['closes it with an error', (response) => void response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
])('a server that %s', async (_how, destroy) => {
  const asked = await ask((response) => {
    response.stream.on('error', () => {});
    response.write('the first part');
    setTimeout(destroy, 10, response);
  });
  expect((await asked.records(1)).map(seen)).toEqual(['GET  500 response_destroyed']);
});
