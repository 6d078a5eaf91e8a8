// An application that does not know of telemetry: CommonJS, Express 5, node:http towards others.
const http = require('node:http');
const express = require('express');
const pino = require('pino');

const log = pino();
const upstream = http.createServer((_request, response) => response.end('deep')).listen(0, '127.0.0.1');
const app = express();

app.get('/hello/:name', (request, response, next) => {
  log.info({ name: request.params.name }, 'greeting');
  http
    .get(`http://127.0.0.1:${upstream.address().port}/deep`, async (answer) => {
      let text = '';
      for await (const part of answer) text += part;
      response.json({ hello: request.params.name, upstream: text });
    })
    .on('error', next);
});
app.get('/fails', () => {
  throw new Error('on purpose');
});

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
