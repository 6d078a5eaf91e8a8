// What nobody handles in a phase ends the process as it would without one: prints what the process was told.
import { Readable } from 'node:stream';
import { createTelemetry, installTelemetry, phase, trace } from '@inferometer/core';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

const [how, what] = process.argv.slice(2);
if (how === 'on') {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  installTelemetry(createTelemetry());
}
const told = [];
process.on('unhandledRejection', (reason) => told.push(`rejection ${reason.message}`));
process.on('uncaughtException', (error) => told.push(`exception ${error.message}`));
process.on('rejectionHandled', () => told.push('handled'));
process.on('exit', () => process.stdout.write(JSON.stringify(told)));

const works = {
  rejection: () => void phase('run', () => Promise.reject(new Error('no'))),
  handled: () => void phase('run', () => Promise.reject(new Error('no'))).catch(() => {}),
  'handled late': () => {
    const promise = phase('run', () => Promise.reject(new Error('no')));
    setTimeout(() => promise.catch(() => {}), 20);
  },
  generator: () =>
    void phase('run', async function* () {
      yield await Promise.reject(new Error('no'));
    }).next(),
  stream: () => void phase('run', () => new Readable({ read() {} })).destroy(new Error('no')),
  request: () => {},
};
if (what === 'request') trace('work', () => Promise.reject(new Error('no')));
else trace('work', works[what]);
