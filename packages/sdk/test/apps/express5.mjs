// An application that does not know of telemetry: ESM, Express 5.
import { createServer } from 'node:http';
import express from 'express';
import pino from 'pino';

const log = pino();
const upstream = createServer((_request, response) => response.end('deep')).listen(0, '127.0.0.1');
const app = express();

app.get('/hello/:name', async (request, response) => {
  log.info({ name: request.params.name }, 'greeting');
  const answer = await fetch(`http://127.0.0.1:${upstream.address().port}/deep`);
  response.json({ hello: request.params.name, upstream: await answer.text() });
});
app.get('/fails', () => {
  throw new Error('on purpose');
});

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
