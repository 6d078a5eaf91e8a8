import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { findProgram } from './find-program.ts';
import { onExit } from './on-exit.ts';
import { collectOutput, tail } from './output.ts';
import type { User } from './spawn-program.ts';

export interface RunOptions {
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Whom it runs as; only root may choose. @default whom this process runs as */
  readonly user?: User;
  /** What the program reads. @default nothing */
  readonly stdin?: string;
  /** Killed after this, ms, > 0. @default 60000 */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** 0 is success. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end. A code other than 0 is a result, not an error: look at it.
 * @throws {Error} if it cannot be run, does not end in time or is ended by a signal
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  { env, cwd, user, stdin = '', timeoutMs = 60_000 }: RunOptions = {},
): Promise<RunResult> {
  const path = findProgram(command);
  if (path === undefined) throw new Error(`no program ${command}`);
  const child = spawn(path, args, {
    ...(cwd === undefined ? {} : { cwd }),
    ...user,
    env: { ...process.env, ...env },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const forget = onExit(() => void child.kill('SIGKILL'));
  const output = collectOutput(child.stdout, child.stderr);
  // It may end without reading all: that is its business.
  child.stdin.on('error', () => {}).end(stdin);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code !== null) return { code, stdout: output.stdout(), stderr: output.stderr() };
    const what = `${basename(command)} ${args.join(' ')} was ended by ${signal} (limit ${timeoutMs} ms)`;
    throw new Error(`${what}. The last lines that it printed:\n${tail(output.all())}`);
  } finally {
    forget();
  }
}
