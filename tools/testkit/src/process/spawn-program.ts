import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from './find-program.ts';
import { onExit } from './on-exit.ts';
import { collectOutput, type Output } from './output.ts';

/** How a process ended: by itself with a code, or by a signal. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface SpawnOptions {
  /** A path, or a name looked up on PATH. */
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @default this process's own */
  readonly cwd?: string;
  /** What asks it to end. @default SIGTERM */
  readonly stopSignal?: NodeJS.Signals;
  /** Whom it runs as; only root may choose. @default whom this process runs as */
  readonly user?: User;
  /** Time from `stopSignal` to SIGKILL, ms, >= 0. @default 10000 */
  readonly stopTimeoutMs?: number;
}

/** Ids of a user and of its group. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface SpawnedProgram {
  readonly pid: number;
  readonly output: Output;
  readonly exited: Promise<ExitStatus>;
  /** Undefined while it runs. */
  status(): ExitStatus | undefined;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<ExitStatus>;
}

/** Starts a program in a process group of its own, so that its own children can be ended with it. */
export async function spawnProgram(options: SpawnOptions): Promise<SpawnedProgram> {
  const { stopSignal = 'SIGTERM', stopTimeoutMs = 10_000 } = options;
  const env = { ...process.env, ...options.env };
  const path = findProgram(options.command, env.PATH);
  if (path === undefined) throw new Error(`no program ${options.command}`);
  const [command, ...args] = boundToThisProcess(path, options.args ?? [], stopSignal);
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    // Before setpriv, not after it: the kernel forgets whom to end with us when the user changes.
    ...options.user,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collectOutput(child.stdout, child.stderr);
  await once(child, 'spawn');
  const pid = child.pid as number;
  const forget = onExit(() => killGroup(pid));
  let status: ExitStatus | undefined;
  const exited = exitOf(child, pid).then((result) => {
    forget();
    status = result;
    return result;
  });
  let stopping: Promise<ExitStatus> | undefined;
  return {
    pid,
    output,
    exited,
    status: () => status,
    signal: (signal) => void child.kill(signal),
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };

  async function stop(): Promise<ExitStatus> {
    child.kill(stopSignal);
    const inTime = new AbortController();
    const limit = delay(stopTimeoutMs, undefined, { signal: inTime.signal }).then(
      () => killGroup(pid),
      () => {},
    );
    const result = await exited;
    inTime.abort();
    await limit;
    return result;
  }
}

async function exitOf(child: ChildProcess, pid: number): Promise<ExitStatus> {
  const closed = once(child, 'close');
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  // What it left behind in its group would run on for ever, and keep the pipes open.
  killGroup(pid);
  // By then all that it printed has been read; a child that left the group may still hold a pipe.
  await Promise.race([closed, delay(1_000, undefined, { ref: false })]);
  return { code, signal };
}

/** With setpriv (Linux) the kernel ends the program even if this process dies without a chance to do so. */
function boundToThisProcess(
  path: string,
  args: readonly string[],
  signal: NodeJS.Signals,
): [string, ...string[]] {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : undefined;
  return setpriv === undefined ? [path, ...args] : [setpriv, '--pdeathsig', signal, '--', path, ...args];
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
