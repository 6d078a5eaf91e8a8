import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutSettings } from '../../overhead/start-child.ts';
import type { Target } from '../load/start-generator.ts';
import type { Contestant } from './contestant.ts';
import { processTree, residentBytes, signalAll } from './process-tree.ts';

/** A server that runs, with all its processes. */
export interface RunningServer extends AsyncDisposable {
  readonly contestant: Contestant;
  readonly target: Target;
  /** From the start of the process until it was ready, ms. */
  readonly readyMs: number;
  /** Resident memory of all its processes, bytes; what they share is counted for each. NaN where there is no /proc. */
  rss(): number;
  /** Stops it where it is, so that it leaves the cores to the others. */
  pause(): void;
  resume(): void;
  /**
   * Resolves when what so many requests have left behind is done; absent where nothing is. To be asked before a long
   * pause: an export that is stopped on its way is over its time limit afterwards.
   */
  drained?(requests: number): Promise<unknown>;
}

const host = '127.0.0.1';
const startLimitMs = 90_000;
const stopLimitMs = 5000;
const pollMs = 20;
const keptCharacters = 4000;

/** @throws {Error} with what it printed if it is not ready in time */
export async function startServer(contestant: Contestant): Promise<RunningServer> {
  const port = await freePort();
  // What it writes where it is started goes with it.
  const folder = mkdtempSync(join(tmpdir(), 'bench-serve-'));
  const { program, args, env, readyPath } = contestant.command(port, folder);
  const started = performance.now();
  const child = spawn(program, args, {
    // Not of this group: a Ctrl-C would end it before its workers are known, which then are nobody's.
    detached: true,
    cwd: folder,
    env: { ...withoutSettings(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tree = (): number[] => (child.pid === undefined ? [] : processTree(child.pid));
  // Whoever stops the benchmark must not leave servers behind.
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const onExit = (): void => {
    signalAll(tree(), 'SIGKILL');
    removeFolder();
  };
  process.once('exit', onExit);
  const ended = endOf(child, contestant.name);
  const stop = async (): Promise<void> => {
    const pids = tree();
    signalAll(pids, 'SIGCONT');
    child.kill('SIGTERM');
    await Promise.race([ended.closed, sleep(stopLimitMs, undefined, { ref: false })]);
    signalAll(pids, 'SIGKILL');
    await ended.closed;
    process.off('exit', onExit);
    removeFolder();
  };
  const url = `http://${host}:${port}${readyPath}`;
  try {
    await Promise.race([ended.failure, isReady(url)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    contestant,
    target: { host, port, form: contestant.form },
    readyMs: performance.now() - started,
    rss: () => residentBytes(tree()),
    pause: () => signalAll(tree(), 'SIGSTOP'),
    resume: () => signalAll(tree(), 'SIGCONT'),
    [Symbol.asyncDispose]: stop,
  };
}

/** @returns `failure` rejects when it ends, with what it printed */
function endOf(child: ChildProcess, name: string): { closed: Promise<void>; failure: Promise<never> } {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptCharacters);
    });
  }
  const failure = Promise.withResolvers<never>();
  // Nobody may be waiting when it ends.
  failure.promise.catch(() => {});
  const closed = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      failure.reject(new Error(`${name} ${how}:\n${output.trim()}`));
      resolve();
    };
    child.once('error', (error) => end(`could not be started: ${error.message}`));
    // 'exit', not 'close': its workers may hold the pipes longer.
    child.once('exit', (code, signal) => end(`ended (${signal ?? `exit code ${code}`})`));
  });
  return { closed, failure: failure.promise };
}

async function isReady(url: string): Promise<void> {
  const deadline = performance.now() + startLimitMs;
  while (performance.now() < deadline) {
    const status = await fetch(url, { signal: AbortSignal.timeout(1000) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    if (status === 200) return;
    await sleep(pollMs);
  }
  throw new Error(`${url} did not answer 200 in ${startLimitMs} ms`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
