import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { waitFor } from '@inferometer/testkit';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byteBudget } from '../src/http/apps/byte-budget.ts';

const waiting: (() => void)[] = [];
const app = express();
app.post('/', byteBudget(1000, 600), (request, response) => {
  request.resume();
  waiting.push(() => response.end('done'));
});
app.use(((error: { code?: string }, _request, response, _next) => {
  response.status(error.code === 'OVERLOADED' ? 429 : 500).end();
}) as express.ErrorRequestHandler);
const server = createServer(app);
let url: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const post = (bytes: number): Promise<number> =>
  fetch(url, { method: 'POST', body: Buffer.alloc(bytes) }).then((response) => response.status);
const arrived = async (count: number): Promise<void> => {
  await expect.poll(() => waiting.length).toBe(count);
};

test('refuses what goes over the bytes that are there, and takes it once there is room', async () => {
  const first = post(500);
  await arrived(1);
  const second = post(500);
  await arrived(2);
  expect(await post(1)).toBe(429);
  waiting.shift()?.();
  expect(await first).toBe(200);
  const third = post(400);
  await arrived(2);
  for (const answer of waiting.splice(0)) answer();
  expect(await Promise.all([second, third])).toEqual([200, 200]);
});

test('a body without a length counts as the longest one, and is given back when its client goes', async () => {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n');
  await arrived(1);
  expect(await post(401)).toBe(429);
  socket.destroy();
  await waitFor('room for all', async () => {
    const answer = post(1000);
    const status = await Promise.race([answer, arrived(2).then(() => 200)]);
    for (const end of waiting.splice(1)) end();
    return status === 200 && (await answer) === 200;
  });
});
