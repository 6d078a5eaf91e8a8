// An application that does not know of /profiling: ESM, on Express 4, Express 5 or node:http alone (APP), with phases.
import http from 'node:http';
import { phase } from '@inferometer/core';

async function work(words) {
  const cut = await phase('preprocess', () => words.split('-'));
  return phase('run', async () => cut.map((word) => word.length));
}

async function onNode() {
  return async (request, response) => {
    const [, name, words] = request.url.split('/');
    response.setHeader('content-type', 'text/plain');
    if (name === 'work') response.end(String(await work(words)));
    else if (process.env.OWN && request.url.startsWith('/profiling')) response.end(`own ${request.url}`);
    else response.writeHead(404).end(`no ${request.url}`);
  };
}

async function onExpress(version) {
  const { default: express } = await import(version);
  const app = express();
  app.get('/work/:words', (request, response, next) => {
    work(request.params.words).then((lengths) => response.type('text').send(String(lengths)), next);
  });
  if (process.env.OWN) {
    app.use('/profiling', (request, response) => response.type('text').send(`own ${request.originalUrl}`));
  }
  app.use((request, response) => response.status(404).type('text').send(`no ${request.originalUrl}`));
  return app;
}

const app = await (process.env.APP === 'node' ? onNode() : onExpress(process.env.APP));
const server = http.createServer(app).listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
