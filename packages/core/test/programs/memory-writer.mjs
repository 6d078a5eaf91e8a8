// A worker thread that observes as fast as it can until it is told to stop, in the memory that it is given.
import { workerData } from 'node:worker_threads';
import { createMetricMemory } from '@inferometer/core';

const { port, control, series } = workerData;
const told = new Int32Array(control);
const memory = createMetricMemory({ bytes: 1 << 20 });
const histogram = memory.histogram({ name: 'h', help: 'H.', labels: ['n'], bounds: [0.001, 0.01, 0.1, 1] });
const counter = memory.counter({ name: 'c_total', help: 'C.', labels: ['n'] });
const all = Array.from({ length: series }, (_, n) => histogram.of(String(n)));
const counters = Array.from({ length: series }, (_, n) => counter.of(String(n)));
port.postMessage(memory.buffer);
const counts = new Array(series).fill(0);
let seed = 1;
for (let i = 0; Atomics.load(told, 0) === 0; i++) {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
  const n = (seed >>> 8) % series;
  // All exponents from tiny to huge: the native buckets are moved and merged under the reader's eyes.
  const value = 2 ** (((seed >>> 4) % (1 + Math.min(i >>> 12, 4000))) / 16 - 5);
  const word = (Math.fround(value) * 1e6) | 0;
  const ids = { t0: word, t1: word, t2: word, t3: word, s0: word, s1: word };
  if ((i & 7) === 0) all[n].observeIn(value, ids, i + 1);
  else all[n].observe(value);
  counters[n].add();
  counts[n]++;
}
port.postMessage(counts);
port.close();
