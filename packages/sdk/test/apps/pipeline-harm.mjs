// Loaded before telemetry: lets SIGUSR2 end its worker, in turn by an error of its own and by force.
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';

const { Worker } = threads;
let latest;
let times = 0;
threads.Worker = class extends Worker {
  constructor(...args) {
    super(...args);
    latest = this;
  }
};
syncBuiltinESMExports();

process.on('SIGUSR2', () => {
  // Spans that are none: what reads them throws.
  if (times++ % 2 === 0) latest.postMessage({ type: 'spans', spans: null });
  else void latest.terminate();
});
