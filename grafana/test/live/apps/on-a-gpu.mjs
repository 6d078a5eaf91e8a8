// An application that would run its models on a GPU: each batch says so and takes the time of one, so that there is
// device time of a GPU, and energy to share out, where there is none. It asks another service now and then, and counts
// the time of database operations as the instrumentation of `pg` does.
import { createServer } from 'node:http';
import { activeTrace, batch, trace } from '@inferometer/core';
import { metrics } from '@opentelemetry/api';

const operations = metrics.getMeter('pg').createHistogram('db.client.operation.duration', { unit: 's' });
const other = createServer((_request, response) => response.end('answer'));
await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));

const nap = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function request(model, tenant, ms) {
  await trace({ name: 'infer', model, tenant }, async () => {
    const requests = [activeTrace()];
    await batch({ requests, tokens: [10], reason: 'idle', device: 'cuda:0' }, () => nap(ms));
  });
}

process.stdout.write('working\n');
for (let turn = 0; ; turn++) {
  await Promise.all([
    request('encoder', turn % 2 ? 'blue' : 'green', 10 + (turn % 7) * 5),
    request('decoder', 'blue', 20),
  ]);
  operations.record(0.001 * (1 + (turn % 5)), { 'db.operation.name': 'SELECT' });
  if (turn % 5 === 0) await (await fetch(`http://127.0.0.1:${other.address().port}/`)).text();
}
