// An application that would run its models on a GPU: each batch says so and takes the time of one, so that there is
// device time of a GPU, and energy to share out, where there is none.
import { activeTrace, batch, trace } from '@inferometer/core';

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
}
