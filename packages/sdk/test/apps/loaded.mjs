// Says whether anything of telemetry is loaded, in this thread and in a worker of it.

import http from 'node:http';
import { createRequire, isBuiltin } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';

const hooked = http.get.name !== 'get';
const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => !isBuiltin(file));
const where = isMainThread ? 'main' : 'worker';
process.stdout.write(`${JSON.stringify({ where, hooked, loaded: loaded.length })}\n`);
if (isMainThread) new Worker(new URL(import.meta.url));
