// An app on Express 4 or 5 with the middleware (MOUNT, OPTIONS), its phases and a router below a path.
import { setTimeout as sleep } from 'node:timers/promises';
import { phase } from '@inferometer/core';
import { inferometer, profilingHandler } from '@inferometer/express';
import { trace } from '@opentelemetry/api';

const { default: express } = await import(process.argv[2]);

const app = express();
const { MOUNT = '/', OPTIONS = '{}', HANDLER } = process.env;
app.use(MOUNT, inferometer({ phase: 'admission', ...JSON.parse(OPTIONS) }));
if (HANDLER) app.use('/profiling', profilingHandler(JSON.parse(HANDLER)));
const users = express.Router();
users.get('/:id', async (request, response) => {
  const id = await phase('preprocess', async () => {
    await sleep(2);
    return request.params.id;
  });
  await phase('run', async () => {
    await trace.getTracer('app').startActiveSpan('lookup', async (span) => {
      await sleep(2);
      span.end();
    });
  });
  response.json({ id });
});
users.get('/:id/broken', (_request, _response, next) => next(new Error('on purpose')));
app.use('/tenants/:tenant/users', users);
app.use((_error, _request, response, _next) => response.status(500).end());

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
