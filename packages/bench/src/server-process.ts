import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ProbeReading } from './probe.ts';

/** The real server in a process of its own, with the probe in it. */
export interface ServerProcess {
  readonly url: string;
  /** From the start of the process until it said that it is ready, ms. */
  readonly readyMs: number;
  /** Starts a new measuring interval. */
  reset(): Promise<void>;
  read(): Promise<ProbeReading>;
  stop(): Promise<void>;
}

const startLimitMs = 60_000;

/**
 * @param args of `inferometer serve`
 * @throws {Error} with what it printed if it is not ready in a minute
 */
export async function startServerProcess(args: readonly string[] = []): Promise<ServerProcess> {
  const manifest = createRequire(import.meta.url).resolve('inferometer/package.json');
  const bin = join(dirname(manifest), 'bin/inferometer.js');
  const started = performance.now();
  const child = fork(bin, ['serve', '--port', '0', '--metrics-port', 'off', ...args], {
    execArgv: ['--expose-gc', '--import', new URL('./probe.js', import.meta.url).href],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const watched = watch(child);
  const url = await watched.address;
  return {
    url,
    readyMs: performance.now() - started,
    reset: async () => void (await watched.ask('reset')),
    read: async () => (await watched.ask('read')) as ProbeReading,
    stop: () => {
      child.kill('SIGTERM');
      return watched.exited;
    },
  };
}

interface Watched {
  readonly address: Promise<string>;
  readonly exited: Promise<void>;
  /** @throws {Error} with what it printed if it ends before it answers */
  ask(question: 'reset' | 'read'): Promise<unknown>;
}

function watch(child: ChildProcess): Watched {
  let output = '';
  const ended = Promise.withResolvers<never>();
  const exited = Promise.withResolvers<void>();
  const address = Promise.withResolvers<string>();
  // Nobody may be waiting when it ends.
  ended.promise.catch(() => {});
  const timer = setTimeout(() => {
    address.reject(new Error(`the server was not ready in ${startLimitMs} ms:\n${output}`));
    child.kill('SIGKILL');
  }, startLimitMs);
  child.once('exit', (code, signal) => {
    clearTimeout(timer);
    ended.reject(new Error(`the server ended (${signal ?? `exit code ${code}`}):\n${output}`));
    exited.resolve();
  });
  const onData = (chunk: Buffer): void => {
    output += chunk.toString();
    const found = /page\s+(http:\/\/\S+)\//.exec(output);
    if (!found) return;
    clearTimeout(timer);
    address.resolve(found[1] as string);
  };
  child.stdout?.on('data', onData);
  child.stderr?.on('data', onData);
  return {
    address: Promise.race([address.promise, ended.promise]),
    exited: exited.promise,
    ask(question) {
      const answer = new Promise((resolve) => child.once('message', resolve));
      if (child.connected) child.send(question);
      return Promise.race([answer, ended.promise]);
    },
  };
}
