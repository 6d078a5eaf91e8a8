import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type WaitOptions, waitFor } from '../wait-for.ts';
import { tail } from './output.ts';
import { notReady, type Ready } from './ready.ts';
import { type ExitStatus, type SpawnOptions, spawnProgram } from './spawn-program.ts';

export interface ProcessOptions extends SpawnOptions {
  /** For errors. @default the command's file name */
  readonly name?: string;
  /** @default ready as soon as it runs */
  readonly ready?: Ready;
  /** Longest wait for ready, ms, > 0. @default 30000 */
  readonly readyTimeoutMs?: number;
}

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** Settles when the process has ended, by itself or not. */
  readonly exited: Promise<ExitStatus>;
  /** The match of `ready.output`, null without one. */
  readonly match: RegExpExecArray | null;
  stdout(): string;
  stderr(): string;
  /** stdout and stderr in the order in which they arrived. */
  output(): string;
  /** The first match in what it has printed or will print. @throws {Error} if it ends without, or in vain */
  waitForOutput(pattern: RegExp, options?: WaitOptions): Promise<RegExpExecArray>;
  /** Sends a signal and does not wait. Does nothing if the process has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it: `stopSignal`, then SIGKILL after `stopTimeoutMs`. @returns how it ended, also when called again */
  stop(): Promise<ExitStatus>;
}

/**
 * Starts a program and resolves when it is ready. It ends with this process at the latest.
 * @throws {Error} if it cannot be run, ends before it is ready or is not ready in time; the message holds the
 *   last lines that it printed, and the process is gone
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { name = basename(options.command), ready = {}, readyTimeoutMs = 30_000 } = options;
  const child = await spawnProgram(options);
  const { output } = child;
  try {
    await untilReady();
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    pid: child.pid,
    exited: child.exited,
    match: ready.output === undefined ? null : output.match(ready.output),
    stdout: output.stdout,
    stderr: output.stderr,
    output: output.all,
    async waitForOutput(pattern, wait) {
      const printedOrEnded = () => output.match(pattern) ?? child.status();
      const result = await waitFor(`${name} to print ${pattern}`, printedOrEnded, wait).catch(
        (error: Error) => {
          throw failure(`did not print ${pattern} (${error.message})`);
        },
      );
      if (Array.isArray(result)) return result;
      throw failure(`ended (${describeExit(result)}) without printing ${pattern}`);
    },
    signal: child.signal,
    stop: child.stop,
    async [Symbol.asyncDispose]() {
      await child.stop();
    },
  };

  async function untilReady(): Promise<void> {
    const deadline = performance.now() + readyTimeoutMs;
    for (;;) {
      const problem = await notReady(ready, output);
      // Asked after the probe: the one who answered it may be somebody else on a port that we did not get.
      const status = child.status();
      if (status !== undefined) throw failure(`ended (${describeExit(status)}) before it was ready`);
      if (problem === undefined) return;
      if (performance.now() > deadline) throw failure(`was not ready after ${readyTimeoutMs} ms: ${problem}`);
      await Promise.race([child.exited, delay(25)]);
    }
  }

  function failure(what: string): Error {
    const printed = output.all();
    const lines =
      printed === '' ? 'It printed nothing.' : `The last lines that it printed:\n${tail(printed)}`;
    return new Error(`${name} ${what}. ${lines}`);
  }
}

/** `exit code 1`, `SIGKILL` */
export function describeExit({ code, signal }: ExitStatus): string {
  return signal ?? `exit code ${code}`;
}
