/**
 * `node --import @inferometer/sdk/register app.js`, or `--require`: telemetry for an application that does not know of
 * it. Nothing is loaded where telemetry is off, in worker threads, or a second time. No top-level await: with it,
 * `--require` could not load this.
 */
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { isTrue } from '../config/env.ts';
import { isEnabled } from '../config/is-enabled.ts';

const registered = Symbol.for('inferometer.registered');
const state = globalThis as { [registered]?: true };

if (isMainThread && state[registered] === undefined && isEnabled(process.env)) {
  state[registered] = true;
  start();
}

function start(): void {
  const require = createRequire(import.meta.url);
  try {
    const { startDistro } =
      require('../distro/start-distro.js') as typeof import('../distro/start-distro.ts');
    startDistro(process.env, say);
  } catch (error) {
    // A flag for observing must not stop what it observes, unless that is asked for.
    const isStrict = isTrue(process.env.INFEROMETER_STRICT);
    const message = error instanceof RangeError ? error.message : String((error as Error).stack ?? error);
    say(`inferometer: ${message}${isStrict ? '' : '; the application runs without telemetry'}`);
    if (isStrict) process.exit(2);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
