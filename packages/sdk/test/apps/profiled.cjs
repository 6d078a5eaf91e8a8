// An application that does not know of /profiling: CommonJS, on Express 4, Express 5 or node:http alone (APP).
const { createServer } = require('node:http');
const { phase } = require('@inferometer/core');

async function work(words) {
  const cut = await phase('preprocess', () => words.split('-'));
  return phase('run', async () => cut.map((word) => word.length));
}

function onNode(request, response) {
  const [, name, words] = request.url.split('/');
  if (name !== 'work') response.writeHead(404, { 'content-type': 'text/plain' }).end(`no ${request.url}`);
  else work(words).then((lengths) => response.end(String(lengths)));
}

function onExpress(version) {
  const app = require(version)();
  app.get('/work/:words', (request, response, next) => {
    work(request.params.words).then((lengths) => response.type('text').send(String(lengths)), next);
  });
  app.use((request, response) => response.status(404).type('text').send(`no ${request.originalUrl}`));
  return app;
}

const server = createServer(process.env.APP === 'node' ? onNode : onExpress(process.env.APP));
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening on ${server.address().port}\n`));
