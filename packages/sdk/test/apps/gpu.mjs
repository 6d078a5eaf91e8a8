// An application whose model runs are on a GPU, as far as telemetry is told: ?device=, ?tenant=, ?ms= of the run.
import { activeTrace, batch } from '@inferometer/core';
import express from 'express';

const app = express();
app.post('/run', async (request, response) => {
  const { device = 'cuda:0', tenant = 'a', ms = '5' } = request.query;
  const trace = activeTrace();
  trace.tenant = tenant;
  await batch(
    { requests: [trace], model: 'm', device },
    () => new Promise((done) => setTimeout(done, Number(ms))),
  );
  response.json({ ok: true });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
