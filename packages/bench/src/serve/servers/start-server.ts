import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { withoutSettings } from '../../overhead/start-child.ts';
import type { Target } from '../load/start-generator.ts';
import type { Contestant } from './contestant.ts';

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
}

const host = '127.0.0.1';
const startLimitMs = 90_000;
const stopLimitMs = 5000;
const pollMs = 20;
const keptCharacters = 4000;

/** @throws {Error} with what it printed if it is not ready in time */
export async function startServer(contestant: Contestant): Promise<RunningServer> {
  const port = await freePort();
  const { program, args, env, readyPath } = contestant.command(port);
  const started = performance.now();
  // A group of its own: signals then reach its workers too.
  const child = spawn(program, args, {
    detached: true,
    env: { ...withoutSettings(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const group = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  // Whoever stops the benchmark must not leave servers behind.
  const onExit = (): void => group('SIGKILL');
  process.once('exit', onExit);
  const ended = endOf(child, contestant.name);
  const stop = async (): Promise<void> => {
    process.off('exit', onExit);
    group('SIGCONT');
    group('SIGTERM');
    await Promise.race([ended.closed, sleep(stopLimitMs, undefined, { ref: false })]);
    group('SIGKILL');
    await ended.closed;
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
    rss: () => (child.pid === undefined ? Number.NaN : rssOfGroup(child.pid)),
    pause: () => group('SIGSTOP'),
    resume: () => group('SIGCONT'),
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

/** Resident bytes of a process group, by /proc. */
function rssOfGroup(group: number): number {
  try {
    let bytes = 0;
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        // After the name in brackets: state, parent, process group.
        const fields = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
        if (Number(fields[2]) !== group) continue;
        const status = readFileSync(`/proc/${entry}/status`, 'utf8');
        bytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
      } catch {
        // It has ended meanwhile.
      }
    }
    return bytes;
  } catch {
    return Number.NaN;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
