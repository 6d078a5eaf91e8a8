// An application that does not know of telemetry: TypeScript, run by stripping its types, Express 5 with a router.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';
import { pino } from 'pino';

const log = pino();
const upstream = createServer((_request, response) => response.end('deep')).listen(0, '127.0.0.1');
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
const app = express();

app.get('/hello/:name', async (request: Request, response: Response): Promise<void> => {
  log.info({ name: request.params.name }, 'greeting');
  const answer = await fetch(`http://127.0.0.1:${portOf(upstream)}/deep`);
  response.json({ hello: request.params.name, upstream: await answer.text() });
});
app.get('/fails', () => {
  throw new Error('on purpose');
});

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${portOf(server)}\n`);
});
