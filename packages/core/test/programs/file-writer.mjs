// A process that writes metrics to a file until it is killed: `node file-writer.mjs PATH`. Each flush has one more of each.
import { createMetricFile } from '@inferometer/core';

const { memory, flush } = createMetricFile(process.argv[2]);
const histogram = memory.histogram({ name: 'h', help: 'H.', labels: ['n'], bounds: [0.001, 0.01, 0.1, 1] });
const counter = memory.counter({ name: 'c_total', help: 'C.' }).of();
process.stdout.write('ready\n');
let flushed = 0;
// About what an executor does: a flush a batch.
const pauseMs = 0.3;
const some = () => {
  for (let turn = 0; turn < 200; turn++) {
    const until = performance.now() + pauseMs;
    while (performance.now() < until);
    for (let n = 0; n < 40; n++) histogram.of(String(n)).observe(2 ** (((flushed + n) % 30) - 15));
    counter.add();
    flush();
    flushed++;
  }
  setImmediate(some);
};
some();
